from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.errors import InvalidInput
from automl.signature import Feature
from automl.spec import Spec
from automl.training.columns import kind_of
from automl.training.dataset import read_table
from automl.training.infer import Inferred, describe, infer
from automl.training.table import Table
from automl.training.target import encode
from automl.values import MISSING
from tests.support.tables import shared_table

N = 60
Y = ["yes", "no", "no"] * 20


def spec(**more: Any) -> Spec:
    return Spec.from_json({"name": "m", "target": "y", **more})


def table(*, text: bool = True, **columns: list[Any]) -> Table:
    columns = {"y": Y, **columns}
    return Table(columns=columns, text=text, rows=len(columns["y"]))


def infer_one(cells: list[Any], *, text: bool = True, **columns: Any) -> Inferred:
    other = ["1.5", "2.5", "0.5"] * 20 if text else [1.5, 2.5, 0.5] * 20
    return infer(table(text=text, x=cells, other=other), spec(columns=columns))


def feature(cells: list[Any], *, text: bool = True, **columns: Any) -> Feature:
    found = infer_one(cells, text=text, **columns)
    return describe(found.signature, found.tensors).features[0]


def ignored(cells: list[Any], *, text: bool = True, **columns: Any) -> str:
    return infer_one(cells, text=text, **columns).signature.ignored["x"]


def refusal(given: Table, **more: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        infer(given, spec(**more))
    return str(caught.value)


# --- types --------------------------------------------------------------------------------------------------------


def test_numbers_are_numbers_and_know_their_range() -> None:
    found = feature(["1", "2.5", "-3e1"] * 20)
    assert (found.type, found.low, found.high, found.nullable) == ("number", -30.0, 2.5, False)


def test_words_for_missing_leave_a_column_of_numbers_numeric() -> None:
    found = feature(["1", "NA", "", "2", "n/a", "3"] * 10)
    assert (found.type, found.nullable) == ("number", True)


def test_text_is_a_category_with_the_most_frequent_first() -> None:
    found = feature(["b", "a", "b", "", "c", "b"] * 10)
    assert (found.type, found.categories, found.nullable) == ("category", ("b", "a", "c"), True)


def test_true_and_false_words_are_booleans() -> None:
    assert feature(["True", "false", ""] * 20).type == "boolean"
    assert feature(["yes", "no", "No"] * 20).type == "boolean"
    assert feature([True, False, None] * 20, text=False).type == "boolean"


def test_zeros_and_ones_are_numbers() -> None:
    assert feature(["0", "1", "1"] * 20).type == "number"


def test_codes_with_leading_zeros_are_categories() -> None:
    assert feature(["02139", "10001", "94103"] * 20).type == "category"


def test_numbers_as_text_in_parquet_are_categories() -> None:
    assert feature(["1", "2", "3"] * 20, text=False).type == "category"


def test_iso_moments_are_datetimes() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = feature([(start + timedelta(hours=7 * row)).isoformat() for row in range(N)])
    assert (found.type, found.format, found.low) == ("datetime", None, start.timestamp())


def test_datetime_objects_are_datetimes() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert feature([start + timedelta(days=row) for row in range(N)], text=False).type == "datetime"


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ("%m/%d/%Y", ["1/31/2011", "2/1/2011", "12/5/2012"]),
        ("%d/%m/%Y", ["31/1/2011", "1/2/2011", "5/12/2012"]),
        ("%d.%m.%Y", ["31.1.2011", "1.2.2011", "5.12.2012"]),
        ("%m/%d/%Y %H:%M", ["1/31/2011 10:30", "2/1/2011 00:00", "12/5/2012 23:59"]),
        ("%d %b %Y", ["31 Jan 2011", "1 Feb 2011", "5 Dec 2012"]),
    ],
)
def test_one_consistent_format_makes_a_datetime(form: str, cells: list[str]) -> None:
    found = feature(cells * 20)
    assert (found.type, found.format) == ("datetime", form)
    first = datetime(2011, 1, 31, 10, 30, tzinfo=UTC) if "%H" in form else datetime(2011, 1, 31, tzinfo=UTC)
    assert found.low == first.timestamp()


def test_days_that_may_be_months_are_categories() -> None:
    assert feature(["1/2/2011", "3/4/2011", "5/6/2011"] * 20).type == "category"


def test_the_spec_decides_between_types() -> None:
    assert feature(["1", "2", "3"] * 20, types={"x": "category"}).type == "category"
    assert feature(["0", "1", "1"] * 20, types={"x": "boolean"}).type == "boolean"
    assert feature([str(row) for row in range(N)], types={"x": "number"}).type == "number"
    assert feature(["a"] * N, types={"x": "category"}).type == "category"


def test_a_cell_that_does_not_fit_the_type_of_the_spec_is_named() -> None:
    cells = ["1", "2", "three"] * 20
    assert "Column 'x': expected a finite number, got 'three' in row 2" in refusal(
        table(x=cells), columns={"types": {"x": "number"}}
    )


def test_a_few_words_among_numbers_are_called_mistakes() -> None:
    text = refusal(table(x=[*(str(row * 1.5) for row in range(N - 1)), "forty"]))
    assert "Column 'x': expected a number as in 98.3% of the rows, got 'forty' in row 59" in text
    assert "columns.types" in text


def test_numbers_among_many_words_are_categories() -> None:
    assert feature(["1", "two", "three"] * 20).type == "category"


def test_ten_thousand_categories_are_one_feature_that_lists_a_hundred() -> None:
    cells = [f"c{row % 10_000}" for row in range(20_000)]
    found = infer(table(y=["a", "b"] * 10_000, x=cells), spec())
    described = describe(found.signature, found.tensors)
    assert described.features[0].type == "category"
    assert len(described.features[0].categories) == 100
    assert len(set(found.tensors.cat[:, 0])) == 10_000


def test_csv_and_parquet_give_the_same_tensors() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    columns: dict[str, list[Any]] = {
        "number": [None if row % 7 == 0 else row * 1.25 for row in range(N)],
        "whole": [row * 3 for row in range(N)],
        "text": [None if row % 5 == 0 else "abc"[row % 3] for row in range(N)],
        "truth": [row % 2 == 0 for row in range(N)],
        "moment": [start + timedelta(minutes=row) for row in range(N)],
        "y": Y,
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    shown = [["" if cell is None else str(cell) for cell in cells] for cells in columns.values()]
    lines = [",".join(columns), *(",".join(row) for row in zip(*shown, strict=True))]
    left = infer(read_table("\n".join(lines).encode(), "csv"), spec())
    right = infer(read_table(sink.getvalue(), "parquet"), spec())
    assert left.signature == right.signature
    np.testing.assert_array_equal(left.tensors.num, right.tensors.num)
    np.testing.assert_array_equal(left.tensors.cat, right.tensors.cat)


# --- columns left out ---------------------------------------------------------------------------------------------


def test_a_constant_column_is_ignored() -> None:
    assert ignored(["a"] * N) == "every value is 'a'"


def test_a_column_that_is_constant_but_for_missing_values_is_kept() -> None:
    assert feature(["urgent", "", ""] * 20).type == "category"


def test_a_column_without_values_is_ignored_whatever_the_spec_says() -> None:
    assert ignored(["", "NA"] * 30, types={"x": "number"}) == "every value is missing"


def test_unique_text_is_ignored_as_an_identifier() -> None:
    assert ignored([f"c-{row}" for row in range(N)]).startswith("an identifier")


def test_long_unique_text_is_ignored_with_advice() -> None:
    cells = [f"the customer wrote at length about {row}" * 2 for row in range(N)]
    assert "make columns of what matters" in ignored(cells)


def test_whole_numbers_that_count_the_rows_are_ignored() -> None:
    assert "counts the rows" in ignored([str(row + 17) for row in reversed(range(N))])


def test_unique_whole_numbers_named_like_an_id_are_ignored() -> None:
    for name in ("id", "order_id", "customerId", "ROW KEY".lower()):
        assert "named like one" in kind_of(name, [str(row * row) for row in range(N)], text=True).ignored
    assert kind_of("paid", [str(row * row) for row in range(N)], text=True).type == "number"


def test_whole_numbers_too_large_for_a_float_are_never_numbers() -> None:
    big = 2**60
    assert "2^53" in ignored([str(big + row * row) for row in range(N)])
    assert feature([str(big + row % 3) for row in range(N)]).categories == tuple(str(big + row) for row in range(3))
    assert feature([big + row % 3 for row in range(N)], text=False).type == "category"


def test_dropped_columns_and_the_key_are_no_features() -> None:
    found = infer(table(a=["1", "2", "3"] * 20, b=["u", "v", "w"] * 20, c=["p", "q", "r"] * 20),
                  spec(columns={"drop": ["a"], "key": "b"}))  # fmt: skip
    assert found.signature.ignored == {"a": "dropped by the spec", "b": "the business key"}
    assert [item.name for item in found.signature.features] == ["c"]


def test_the_time_column_orders_the_rows_and_is_a_feature_unless_dropped() -> None:
    days = [f"2026-01-{1 + row % 28:02d}" for row in range(N)]
    found = infer(table(t=days, x=["a", "b", "c"] * 20), spec(columns={"time": "t"}))
    assert found.order is not None
    assert found.order[1] - found.order[0] == 86_400
    assert [item.name for item in found.signature.features] == ["t", "x"]
    dropped = infer(table(t=days, x=["a", "b", "c"] * 20), spec(columns={"time": "t", "drop": ["t"]}))
    assert [item.name for item in dropped.signature.features] == ["x"]
    np.testing.assert_array_equal(dropped.order, found.order)


def test_a_time_column_of_words_is_refused() -> None:
    text = refusal(table(t=["a", "b", "c"] * 20, x=["p", "q", "r"] * 20), columns={"time": "t"})
    assert "expected a column of datetimes or numbers in columns.time" in text


@pytest.mark.parametrize(
    "columns", [{"drop": ["oter"]}, {"types": {"oter": "number"}}, {"key": "oter"}, {"time": "oter"}]
)
def test_columns_of_the_spec_that_are_not_there_are_refused(columns: dict[str, Any]) -> None:
    assert "Did you mean 'other'" in refusal(table(other=["1", "2", "3"] * 20), columns=columns)


def test_the_target_cannot_be_dropped() -> None:
    assert "another column than the target" in refusal(table(x=["1", "2", "3"] * 20), columns={"drop": ["y"]})


def test_a_table_without_a_usable_feature_is_refused_with_the_reasons() -> None:
    text = refusal(table(a=["1"] * N, b=[f"u{row}" for row in range(N)]))
    assert "'a': every value is '1'" in text
    assert "'b': an identifier" in text


# --- the target ---------------------------------------------------------------------------------------------------


def target_of(cells: list[Any], *, text: bool = True, **more: Any) -> Inferred:
    rows = len(cells)
    return infer(table(text=text, y=cells, x=["abc"[row % 3] for row in range(rows)]), spec(**more))


def test_words_make_a_classification_with_sorted_classes() -> None:
    found = target_of(Y)
    assert (found.signature.task, found.signature.classes) == ("classification", ("no", "yes"))
    assert found.target.values[:3].tolist() == [1, 0, 0]


def test_few_whole_numbers_make_a_classification_of_numbers_in_their_order() -> None:
    found = target_of(["10", "9", "-1"] * 30)
    assert (found.signature.task, found.signature.classes) == ("classification", (-1, 9, 10))


def test_true_and_false_make_a_classification_of_booleans() -> None:
    assert target_of(["True", "False", "true"] * 20).signature.classes == (False, True)
    assert target_of([True, False, True] * 20, text=False).signature.classes == (False, True)


def test_whole_numbers_in_floats_are_whole_classes() -> None:
    assert target_of([1.0, 0.0, 1.0] * 20, text=False).signature.classes == (0, 1)


def test_codes_with_leading_zeros_stay_text_classes() -> None:
    assert target_of(["01", "02", "02"] * 20).signature.classes == ("01", "02")


def test_many_numbers_make_a_regression() -> None:
    found = target_of([str(row * 0.5) for row in range(N)])
    assert (found.signature.task, found.signature.classes) == ("regression", ())
    assert found.target.values[3] == 1.5


def test_the_task_of_the_spec_wins() -> None:
    assert target_of(["1", "2", "3"] * 20, task="regression").signature.task == "regression"
    assert target_of([str(row % 25) for row in range(100)], task="classification").signature.task == "classification"


def test_rows_without_a_target_are_left_out_and_counted() -> None:
    cells = ["", *Y]
    found = infer(table(y=cells, x=["z", *["a", "b", "c"] * 20]), spec())
    assert found.dropped == 1
    assert len(found.tensors) == N
    assert "z" not in found.tensors.cat


def test_an_error_names_the_row_of_the_file_although_rows_before_it_have_no_target() -> None:
    cells = ["1", "2", "x", *["4"] * 58]
    text = refusal(table(y=["", *Y], x=cells), columns={"types": {"x": "number"}})
    assert "in row 2" in text


def test_a_missing_target_column_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInput, match="Did you mean 'y1'"):
        infer(Table(columns={"y1": Y}, text=True, rows=N), spec())


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["a", "b"] * 5, "at least 50 rows with a target, got 10"),
        ([""] * 60, "at least 50 rows with a target, got 0 such rows out of 60"),
        (["a"] * 60, "at least two classes, got 'a' in every row"),
        (["7"] * 60, "at least two classes"),
        ([f"u{row}" for row in range(60)], "looks like an identifier"),
        (["a", "b"] * 30 + ["c"], "at least two rows of each class, got one row for 'c'"),
        ([f"u{row // 2}" for row in range(600)], "at most 200 classes, got 300"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(cells: list[str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        target_of(cells)


def test_a_constant_is_no_target_for_a_regression() -> None:
    with pytest.raises(InvalidInput, match="a target that varies, got 5 in every row"):
        target_of(["5"] * 60, task="regression")


def test_words_are_no_target_for_a_regression() -> None:
    with pytest.raises(InvalidInput, match="a number to predict by regression, got 'yes' in row 0"):
        target_of(Y, task="regression")


def test_recorded_truths_become_targets_and_strangers_are_left_out() -> None:
    signature = target_of(Y).signature
    found, used = encode(signature, ["yes", "perhaps", None, "no"])
    assert found.tolist() == [1, 0]
    assert used.tolist() == [0, 3]


# --- real tables --------------------------------------------------------------------------------------------------


def test_adult_is_read_as_its_authors_meant_it() -> None:
    found = infer(read_table(shared_table("adult.csv"), "csv"), Spec.from_json({"name": "adult", "target": "income"}))
    kinds = {item.name: item.type for item in found.signature.features}
    assert found.signature.classes == ("<=50K", ">50K")
    assert [name for name, kind in kinds.items() if kind == "number"] == [
        "age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week",
    ]  # fmt: skip
    assert set(kinds.values()) == {"number", "category"}
    assert len(found.tensors) == 32_561
    assert found.tensors.cat.ravel().tolist().count(MISSING) == 4262


def test_bike_days_are_month_day_year() -> None:
    columns = {"drop": ["casual", "registered"]}
    given = Spec.from_json({"name": "bike", "target": "cnt", "columns": columns})
    found = infer(read_table(shared_table("bike_hour.csv"), "csv"), given)
    assert found.signature.task == "regression"
    assert found.signature.features[0] == Feature(name="dteday", type="datetime", format="%m/%d/%Y")
    assert "counts the rows" in found.signature.ignored["instant"]
