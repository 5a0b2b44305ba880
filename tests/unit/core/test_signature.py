"""The parser from raw values to tensors."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import MAX_PROBLEMS, InvalidInput
from automl.parsing import Parser, parse_columns, parse_records
from automl.signature import Feature, Signature
from automl.tensors import Tensors, to_records
from automl.values import MISSING

SIGNATURE = Signature(
    features=(
        Feature(name="age", type="number"),
        Feature(name="job", type="category"),
        Feature(name="seen", type="datetime"),
        Feature(name="member", type="boolean"),
    ),
    target="income",
    task="classification",
    classes=("<=50K", ">50K"),
    ignored={"id": "every value is another one"},
)
ROW = {"age": 39, "job": "clerk", "seen": "2026-11-20T16:00:00Z", "member": True}


def parse(**changes: Any) -> Tensors:
    return parse_records(SIGNATURE, [{**ROW, **changes}])


def problem(**changes: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse(**changes)
    assert len(caught.value.problems) == 1
    return str(caught.value.problems[0])


def same(left: Tensors, right: Tensors) -> bool:
    return left.num.tobytes() == right.num.tobytes() and left.cat.tolist() == right.cat.tolist()


def test_a_row_becomes_its_tensors() -> None:
    tensors = parse()
    assert tensors.num.tolist() == [[39.0, 1795190400.0]]
    assert tensors.cat.tolist() == [["clerk", "true"]]


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_text_are_missing(nothing: Any) -> None:
    tensors = parse(age=nothing, job=nothing, seen=nothing, member=nothing)
    assert np.isnan(tensors.num).all()
    assert tensors.cat.tolist() == [[MISSING, MISSING]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (7.0, "7"), ("7.0", "7"), ("07", "07"), (0.5, "0.5"), (-3.0, "-3"), (False, "false")],
)
def test_an_integral_category_prints_without_its_fraction(value: Any, text: str) -> None:
    assert parse(job=value).cat[0, 0] == text


def test_composed_and_decomposed_text_is_one_category() -> None:
    assert parse(job="café").cat[0, 0] == parse(job="cafe\u0301").cat[0, 0] == "café"


@pytest.mark.parametrize("mark", ["\u0301\u0323", "\u0f73", "\u0344\u0323"])
def test_marks_without_end_are_not_put_in_order(mark: str) -> None:
    """Ordering them takes quadratic time: of these, an hour."""
    endless = "e" + mark * 1_000_000
    assert parse(job=endless).cat[0, 0] == endless
    assert parse(job="x" * 100 + "e\u0323\u0301").cat[0, 0] == parse(job="x" * 100 + "e\u0301\u0323").cat[0, 0]


@pytest.mark.parametrize(
    "value",
    [
        1795190400,
        "1795190400",
        "2026-11-20T17:00:00+01:00",
        "2026-11-20 16:00",
        datetime(2026, 11, 20, 16, tzinfo=UTC),
        datetime(2026, 11, 20, 16),  # noqa: DTZ001  (Parquet has naive times)
    ],
)
def test_a_datetime_is_utc_epoch_seconds_however_it_is_written(value: Any) -> None:
    assert parse(seen=value).num[0, 1] == 1795190400.0


def test_a_date_is_its_midnight() -> None:
    assert parse(seen=date(1970, 1, 2)).num[0, 1] == 86400.0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"age": "forty"},
            "Column 'age': expected a number, got 'forty' in row 0. Send a number or null.",
        ),
        ({"age": True}, "Column 'age': expected a number, got True in row 0. Send a number or null."),
        ({"age": math.inf}, "Column 'age': expected a finite number, got inf in row 0. Send a number or null."),
        ({"job": [1]}, "Column 'job': expected text, got [1] in row 0. Send text or null."),
        (
            {"job": "a\0b"},
            "Column 'job': expected text without the character U+0000, got 'a\\x00b' in row 0. Send text or null.",
        ),
        (
            {"job": "\ud800"},
            "Column 'job': expected text that UTF-8 can hold, got '\\ud800' in row 0. Send text or null.",
        ),
        (
            {"seen": "soon"},
            "Column 'seen': expected a datetime in ISO 8601, got 'soon' in row 0. "
            "Send ISO 8601 text, epoch seconds or null.",
        ),
        (
            {"member": "maybe"},
            "Column 'member': expected true or false, got 'maybe' in row 0. Send true, false or null.",
        ),
        (
            {"agee": 1},
            "Column 'agee': expected a column of this model, got an unknown column in row 0. Did you mean 'age'?",
        ),
    ],
)
def test_a_bad_field_is_named_with_what_to_do(changes: dict[str, Any], text: str) -> None:
    assert problem(**changes) == text


@pytest.mark.parametrize("text", ["1e400", "-inf", "9" * 400, ",".join(["999"] * 120), "1_0", "1,5"])
def test_text_that_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="Column 'age': expected a finite number"):
        parse_columns(SIGNATURE, {name: [value] for name, value in (ROW | {"age": text}).items()}, text=True)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"Column 'job': expected a value or null, got no such column in row 1\."):
        parse_records(SIGNATURE, [ROW, {name: value for name, value in ROW.items() if name != "job"}])
    with pytest.raises(InvalidInput, match="Column 'job': expected a value or null, got no such column"):
        parse_columns(SIGNATURE, {name: [value] * 3 for name, value in ROW.items() if name != "job"})


def test_every_bad_field_is_named_at_once_and_the_rest_counted() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_records(SIGNATURE, [{**ROW, "age": "x", "member": "?"} for _ in range(80)])
    assert len(caught.value.problems) == MAX_PROBLEMS
    assert str(caught.value).endswith("(and 159 more)")


def test_target_and_ignored_columns_may_be_sent_and_are_not_read() -> None:
    assert same(parse(income=">50K", id=7), parse())


def test_unknown_columns_may_be_ignored_by_choice() -> None:
    lenient = Signature.from_json({**SIGNATURE.to_json(), "unknown_columns": "ignore"})
    assert same(parse_records(lenient, [{**ROW, "extra": 1}]), parse())


def test_a_signature_survives_json() -> None:
    assert Signature.from_json(orjson.loads(orjson.dumps(SIGNATURE.to_json()))) == SIGNATURE


def test_targets_are_one_of_the_classes_or_a_finite_number() -> None:
    assert SIGNATURE.parse_target(">50K") == ">50K"
    with pytest.raises(ValueError, match="one of the classes '<=50K', '>50K'"):
        SIGNATURE.parse_target("rich")
    numbers = Signature(features=(), target="y", task="classification", classes=(0, 1))
    assert [numbers.parse_target(value) for value in (1, 1.0, "1", "1.0")] == [1, 1, 1, 1]
    flags = Signature(features=(), target="y", task="classification", classes=(False, True))
    assert [flags.parse_target(value) for value in (True, "yes", 0, "False")] == [True, True, False, False]
    amount = Signature(features=(), target="y", task="regression")
    assert amount.parse_target("4.5", text=True) == 4.5
    for bad in (None, "", math.nan, math.inf, "x", True):
        with pytest.raises(ValueError, match=r"number|missing"):
            amount.parse_target(bad)


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "age": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
            "job": st.none() | WORDS | st.integers(-9, 9),
            "seen": st.none() | st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
            "member": st.none() | st.booleans(),
        }
    ),
    min_size=1,
    max_size=5,
)


@given(ROWS)
def test_the_same_rows_give_the_same_tensors_however_they_travel(rows: list[dict[str, Any]]) -> None:
    expected = parse_records(SIGNATURE, rows)
    through_json = orjson.loads(orjson.dumps(rows, option=orjson.OPT_NAIVE_UTC))
    assert same(parse_records(SIGNATURE, through_json), expected)

    columns = {name: [row[name] for row in rows] for name in ROW}
    assert same(parse_columns(SIGNATURE, columns), expected)

    text = io.StringIO()
    csv.writer(text).writerows([list(ROW), *([row[name] for name in ROW] for row in rows)])
    header, *lines = csv.reader(io.StringIO(text.getvalue()))
    from_csv = {name: [line[index] for line in lines] for index, name in enumerate(header)}
    assert same(parse_columns(SIGNATURE, from_csv, text=True), expected)

    assert same(parse_records(SIGNATURE, to_records(SIGNATURE, expected)), expected)


CELLS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "clerk", "7.0", "true", "No", "2026-11-20", "1e3", "\0", "e\u0301", "\ud800", "x" * 70])
    | st.lists(st.integers(), max_size=1)
)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(ROW, CELLS), optional={"extra": CELLS}), max_size=4))
def test_the_short_way_reads_what_the_long_way_reads_and_refuses_what_it_refuses(rows: list[dict[str, Any]]) -> None:
    def outcome(parser: Parser) -> Any:
        try:
            tensors = parser.records(rows)
        except InvalidInput as error:
            return [problem.to_json() for problem in error.problems]
        # one missing number is like another, whatever bits its NaN carries
        return np.where(np.isnan(tensors.num), np.nan, tensors.num).tobytes(), tensors.cat.tolist()

    class LongWay(Parser):
        def _quickly(self, records: Any) -> Tensors:
            raise TypeError

    parser = Parser(SIGNATURE)
    assert outcome(parser) == outcome(LongWay(SIGNATURE))
    assert outcome(parser) == outcome(parser)  # nothing it remembers of one request changes another


def test_equal_numbers_and_booleans_stay_different_categories() -> None:
    parser = Parser(SIGNATURE)
    texts = [parser.records([{**ROW, "job": value}]).cat[0, 0] for value in (1, True, 1.0, "1.0", False, 0, "true")]
    assert texts == ["1", "true", "1", "1", "false", "0", "true"]


def test_unknown_categories_are_refused_by_choice_and_only_in_requests() -> None:
    features = tuple(
        replace(feature, categories=("clerk", "7")) if feature.name == "job" else feature
        for feature in SIGNATURE.features
    )
    choosy = replace(SIGNATURE, features=features, unknown_categories="refuse")
    strict = Parser(choosy, strict=True)
    for known in ("clerk", 7, "7.0", None, ""):
        assert same(strict.records([{**ROW, "job": known}]), parse(job=known))
    expected = "Column 'job': expected one of the categories 'clerk', '7', got 'baker' in row 0"
    for records in ([{**ROW, "job": "baker"}], [{**ROW, "job": "baker"}]):
        with pytest.raises(InvalidInput, match=expected):
            strict.records(records)
    with pytest.raises(InvalidInput, match=expected):
        strict.columns({name: [value] for name, value in {**ROW, "job": "baker"}.items()})
    assert same(Parser(choosy).records([{**ROW, "job": "baker"}]), parse(job="baker"))
