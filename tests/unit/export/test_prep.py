"""Prep against pandas, scikit-learn and datetime, none of which it uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer

from automl.export.dates import PARTS
from automl.export.prep import Prep
from automl.export.texts import MAX_CATEGORIES
from automl.signature import Feature, FeatureType, Signature
from automl.tensors import Tensors
from automl.values import MISSING
from tests.unit.export.tables import signature, tensors

ROWS = tensors(np.random.default_rng(5), 600)
PREP = Prep.fit(signature(), ROWS)


def fitted(kind: FeatureType, values: Any) -> tuple[Prep, Tensors]:
    """Prep of one column, and its rows."""
    rows = one(kind, values)
    used = Signature(features=(Feature(name="x", type=kind),), target="y", task="regression")
    return Prep.fit(used, rows), rows


def one(kind: FeatureType, values: Any) -> Tensors:
    numeric = kind in ("number", "datetime")
    column = np.array(values, dtype=np.float64 if numeric else object).reshape(-1, 1)
    none = np.empty((len(column), 0))
    return Tensors(num=column if numeric else none, cat=none.astype(object) if numeric else column)


def scaled(values: pd.Series[float], known: pd.Series[float]) -> np.ndarray[Any, Any]:
    """The values by median and percentile spread of the known ones, as pandas computes them."""
    spread = (known.quantile(0.95) - known.quantile(0.05)) / 3.29 or known.std(ddof=0) or 1.0
    return np.asarray((values - known.median()) / spread)


def table() -> pd.DataFrame:
    frame = pd.DataFrame(ROWS.num, columns=["age", "account", "same", "at"])
    texts = pd.DataFrame(ROWS.cat, columns=["member", "work", "town", "only"]).replace({MISSING: "(missing)"})
    return frame.join(texts)


def reference() -> dict[str, np.ndarray[Any, Any]]:
    frame = table()
    expected: dict[str, np.ndarray[Any, Any]] = {}
    numbers = ["age", "account", "same", "at"]
    imputed = pd.DataFrame(SimpleImputer(strategy="median").fit_transform(frame[numbers]), columns=numbers)
    for name in numbers:
        expected[name] = scaled(imputed[name], frame[name].dropna())
    moments = pd.to_datetime(np.floor(imputed["at"]).astype("int64"), unit="s", utc=True).dt
    parts = {name: getattr(moments, name) for name in ("year", "month", "day", "hour", "minute", "second")}
    parts |= {
        "day of year": moments.day_of_year,
        "weekday": moments.day_of_week,
        "minute of day": moments.hour * 60 + moments.minute,
    }
    expected |= {f"at {name}": scaled(part.astype(float), part.astype(float)) for name, part in parts.items()}
    expected["age is missing"] = frame["age"].isna().to_numpy()
    expected["at is missing"] = frame["at"].isna().to_numpy()
    for name in ("member", "work", "town", "only"):
        counts = frame[name].value_counts()
        order = counts.rename_axis("value").reset_index()
        order["raw"] = order["value"].replace("(missing)", MISSING)
        order = order.sort_values(["count", "raw"], ascending=[False, True])
        ranks = {value: place / len(order) for place, value in enumerate(order["value"])}
        expected[f"{name} rank"] = frame[name].map(ranks).to_numpy()
        if len(order) > 10:
            expected[f"{name} frequency"] = np.log1p(frame[name].map(counts).to_numpy()) / np.log1p(len(frame))
        elif len(order) > 2:
            expected |= {f"{name} = {value}": (frame[name] == value).to_numpy() for value in order["value"]}
    return expected


def test_matrix_is_what_pandas_and_scikit_learn_compute() -> None:
    matrix = PREP.transform(ROWS)
    expected = reference()
    assert sorted(PREP.columns) == sorted(expected)
    assert matrix.dtype == np.float32
    for index, name in enumerate(PREP.columns):
        np.testing.assert_allclose(matrix[:, index], expected[name].astype(float), rtol=2e-7, atol=1e-7, err_msg=name)


def test_scaled_numbers_are_the_double_result_rounded_once() -> None:
    account = ROWS.num[:, 1]
    center, spread = PREP.scaling.center[1], PREP.scaling.spread[1]
    assert np.array_equal(PREP.transform(ROWS)[:, 1], ((account - center) / spread).astype(np.float32))


def test_ids_of_a_billion_and_seconds_of_now_stay_distinct() -> None:
    for values in (1e9 + np.arange(2000.0), 1.7e9 + 60.0 * np.arange(5000.0)):
        prep, rows = fitted("number", values)
        assert len(np.unique(prep.transform(rows))) == len(values)
        assert (np.diff(prep.transform(rows)[:, 0]) > 0).all()


@settings(max_examples=50)
@given(
    train=st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1, max_size=30),
    later=st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=2, max_size=30),
)
def test_any_number_gives_a_finite_value_that_never_falls_as_the_number_grows(
    train: list[float], later: list[float]
) -> None:
    prep, _ = fitted("number", train)
    known = sorted(value for value in later if not np.isnan(value))
    assert np.isfinite(prep.transform(one("number", later))).all()
    if known:
        assert (np.diff(prep.transform(one("number", known))[:, 0]) >= 0).all()


def test_one_stray_giant_does_not_flatten_the_other_values() -> None:
    prep, _ = fitted("number", [*np.arange(1000.0), 1e300])
    assert len(np.unique(prep.transform(one("number", np.arange(1000.0))))) == 1000


def test_missing_flag_only_where_training_had_both_missing_and_known() -> None:
    assert fitted("number", [1.0, np.nan, 3.0])[0].columns == ["x", "x is missing"]
    assert fitted("number", [1.0, 2.0, 3.0])[0].columns == ["x"]
    assert fitted("number", [np.nan, np.nan])[0].columns == ["x"]


def test_number_missing_only_after_training_is_its_median() -> None:
    prep, _ = fitted("number", [1.0, 2.0, 10.0])
    assert np.array_equal(prep.transform(one("number", [np.nan])), prep.transform(one("number", [2.0])))


@settings(max_examples=200)
@given(st.datetimes(timezones=st.just(UTC)))
def test_calendar_parts_are_those_of_datetime(moment: datetime) -> None:
    prep, _ = CALENDAR
    row = prep.transform(one("datetime", [_epoch(moment)]))[0]
    for name in PARTS:
        part = _part(name, moment)
        values = np.array([_part(name, known) for known in _MOMENTS], dtype=np.float64)
        spread = (np.quantile(values, 0.95) - np.quantile(values, 0.05)) / 3.29
        expected = (part - np.median(values)) / spread
        assert row[prep.columns.index(f"x {name}")] == pytest.approx(expected, rel=1e-6, abs=1e-6), name


def _epoch(moment: datetime) -> float:
    return float((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))


def _part(name: str, moment: datetime) -> int:
    if name == "minute of day":
        return moment.hour * 60 + moment.minute
    if name == "day of year":
        return moment.timetuple().tm_yday
    return moment.weekday() if name == "weekday" else int(getattr(moment, name))


_MOMENTS = [
    datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=997 * step, minutes=step, seconds=7 * step)
    for step in range(300)
]
CALENDAR = fitted("datetime", [_epoch(moment) for moment in _MOMENTS])


def test_calendar_parts_that_do_not_vary_are_left_out() -> None:
    midnights = [86400.0 * day for day in range(20)]
    assert fitted("datetime", midnights)[0].columns == ["x", "x day", "x day of year", "x weekday"]


def test_moments_outside_the_calendar_take_its_first_and_last_date() -> None:
    prep, _ = CALENDAR
    year = prep.columns.index("x year")
    ends = [_epoch(datetime(1, 1, 1, tzinfo=UTC)), _epoch(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))]
    assert np.array_equal(
        prep.transform(one("datetime", [-1e300, 1e300]))[:, year], prep.transform(one("datetime", ends))[:, year]
    )


def test_unseen_category_is_like_no_category_of_training() -> None:
    prep, rows = fitted("category", ["a"] * 3 + ["b"] * 2 + ["c"])
    unseen = prep.transform(one("category", ["z", MISSING, "", "1:a", "0:a", "A"]))
    assert (unseen == unseen[0]).all()
    assert unseen[0].tolist() == [-1.0, 0.0, 0.0, 0.0]
    assert not (prep.transform(rows) == unseen[0]).all(axis=1).any()


def test_missing_is_a_category_of_its_own_when_training_had_it() -> None:
    prep, _ = fitted("category", ["a", "a", MISSING, "b"])
    assert prep.columns == ["x rank", "x = a", "x = (missing)", "x = b"]
    assert prep.transform(one("category", [MISSING]))[0].tolist() == pytest.approx([1 / 3, 0.0, 1.0, 0.0])


def test_empty_text_is_the_missing_category() -> None:
    prep, _ = fitted("category", ["a", "a", MISSING, "b", f"c{MISSING}"])
    assert np.array_equal(prep.transform(one("category", [""])), prep.transform(one("category", [MISSING])))
    assert not np.array_equal(
        prep.transform(one("category", ["c"])), prep.transform(one("category", [f"c{MISSING}"]))
    )


def test_same_value_in_two_columns_is_two_categories() -> None:
    names = [f"c{index}" for index in range(12)]
    cat = np.array([["v"] * 11 + ["w"], ["v"] * 11 + ["v"], ["v"] * 11 + ["w"]], dtype=object)
    used = Signature(
        features=tuple(Feature(name=name, type="category") for name in names), target="y", task="regression"
    )
    prep = Prep.fit(used, Tensors(num=np.empty((3, 0)), cat=cat))
    ranks = prep.transform(Tensors(num=np.empty((3, 0)), cat=cat))
    assert ranks[:, 11].tolist() == [0.0, 0.5, 0.0]
    assert (ranks[:, :11] == 0.0).all()


def test_ten_thousand_categories_have_ten_thousand_ranks() -> None:
    values = [f"id-{number} é" for number in range(10_000)]
    prep, rows = fitted("category", values)
    assert len(np.unique(prep.transform(rows)[:, 0])) == 10_000


def test_categories_beyond_the_limit_read_as_unseen() -> None:
    values = ["often"] * 2 + [f"id-{number:06}" for number in range(MAX_CATEGORIES + 5)]
    prep, rows = fitted("category", values)
    ranks = prep.transform(rows)[:, 0]
    assert ranks[0] == 0.0
    assert (ranks == -1.0).sum() == 6


def test_no_rows_give_an_empty_matrix() -> None:
    assert PREP.transform(ROWS[:0]).shape == (0, len(PREP.columns))


def test_many_rows_are_the_same_as_each_alone() -> None:
    many = Tensors.concat([ROWS] * 15)
    matrix = PREP.transform(many)
    assert np.array_equal(matrix[8_000:8_600], PREP.transform(many[8_000:8_600]))
    assert np.array_equal(matrix[:5], np.concatenate([PREP.transform(ROWS[i : i + 1]) for i in range(5)]))


def test_tensors_of_another_signature_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Expected 4 numeric and 4 text columns.*got tensors of shapes"):
        Prep.fit(signature(), Tensors(num=ROWS.num[:, :2], cat=ROWS.cat))
