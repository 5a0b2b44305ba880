"""What one request may hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from automl.errors import InvalidInput, TooLarge
from automl.parsing import Parser
from automl.scoring import rows
from automl.scoring.reading import Limits, Reading
from tests.support.models import CLASSIFIER, ROW

LIMITS = Limits(rows=3, columns=10, text_chars=50)
READING = Reading(parser=Parser(replace(CLASSIFIER, unknown_columns="ignore")), key="order_id", limits=LIMITS)
WIDE = ROW | {f"more {number}": number for number in range(7)}


@pytest.mark.parametrize("form", ["dataframe_records", "instances"])
def test_more_rows_or_columns_than_allowed_are_too_large(form: str) -> None:
    assert len(rows.from_json(READING, orjson.dumps({form: [ROW] * 3})).tensors) == 3
    with pytest.raises(TooLarge, match="Expected at most 3 rows in one request, got 4"):
        rows.from_json(READING, orjson.dumps({form: [ROW] * 4}))
    with pytest.raises(TooLarge, match="Expected at most 10 columns in a row, got 11"):
        rows.from_json(READING, orjson.dumps({form: [ROW, WIDE]}))


def test_the_limits_hold_for_every_form() -> None:
    columns = {name: [value] for name, value in WIDE.items()}
    split = {"columns": list(WIDE), "data": [list(WIDE.values())]}
    for body in ({"inputs": columns}, {"dataframe_split": split}):
        with pytest.raises(TooLarge, match="Expected at most 10 columns in a row, got 11"):
            rows.from_json(READING, orjson.dumps(body))
    with pytest.raises(TooLarge, match="Expected at most 10 columns in a row, got 11"):
        rows.from_csv(READING, ",".join(WIDE).encode() + b"\n" + b",".join([b"1"] * 11))


def test_a_model_wider_than_the_limit_stays_usable() -> None:
    reading = replace(READING, limits=replace(LIMITS, columns=1))
    assert len(rows.from_json(reading, orjson.dumps(ROW)).tensors) == 1


@pytest.mark.parametrize(("text", "is_accepted"), [("x" * 50, True), ("ü" * 50, True), ("x" * 51, False)])
def test_a_text_longer_than_allowed_is_named_by_row_and_column(text: str, is_accepted: bool) -> None:
    body = orjson.dumps({"dataframe_records": [ROW, ROW | {"job": text}]})
    if is_accepted:
        assert rows.from_json(READING, body).tensors.cat[1, 0] == text
    else:
        expected = r"Column 'job': expected text of at most 50 characters, got 51 characters in row 1\. Send less"
        with pytest.raises(InvalidInput, match=expected):
            rows.from_json(READING, body)


def test_a_long_business_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Column 'order_id': expected text of at most 50 characters"):
        rows.from_json(READING, orjson.dumps(ROW | {"order_id": "k" * 51}))


def test_unknown_columns_without_number_are_named_up_to_a_bound() -> None:
    reading = Reading(parser=Parser(CLASSIFIER), limits=Limits(columns=100_000))
    odd: dict[str, Any] = ROW | {f"{'x' * 500}{number}": 1 for number in range(20_000)}
    with pytest.raises(InvalidInput) as caught:
        rows.from_json(reading, orjson.dumps(odd))
    assert len(caught.value.problems) == 100
    assert len(str(caught.value)) < 400


LONG = "y" * 5_000


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [ROW], LONG: 1},
        {"inputs": {LONG: 7}},
        {"inputs": {"age": [1], LONG: []}},
        {"dataframe_split": {"columns": [LONG, LONG], "data": [[1, 2]]}},
        {"dataframe_split": {"columns": [LONG], "data": [[1, 2]]}},
        ROW | {LONG: 1},
        ROW | {"age": LONG},
        ROW | {"job": [LONG]},
    ],
)
def test_a_message_repeats_little_of_what_was_sent(body: dict[str, Any]) -> None:
    reading = replace(READING, parser=Parser(CLASSIFIER))
    with pytest.raises(InvalidInput) as caught:
        rows.from_json(reading, orjson.dumps(body))
    assert 4 < str(caught.value).count("y") < 200
    assert max(len(text) for problem in caught.value.problems for text in map(str, problem.to_json().values())) < 400


def test_a_csv_header_is_repeated_in_part_only() -> None:
    with pytest.raises(InvalidInput) as caught:
        rows.from_csv(READING, f"{LONG},{LONG}\n1,2\n".encode())
    assert len(str(caught.value)) < 300


def test_columns_are_counted_before_they_are_looked_at() -> None:
    many = [f"c{number}" for number in range(50_000)]
    for body in ({"dataframe_split": {"columns": [*many, *many], "data": []}}, {"inputs": dict.fromkeys(many, 7)}):
        with pytest.raises(TooLarge, match="columns in a row"):
            rows.from_json(READING, orjson.dumps(body))


@pytest.mark.parametrize(
    ("body", "rows_named"),
    [
        ({"instances": [7, ROW, 8]}, [0, 2]),
        ({"instances": [[1], list(ROW.values()), []]}, [0, 2]),
        ({"instances": [ROW | {"order_id": []}, ROW, ROW | {"order_id": {}}]}, [0, 2]),
        ({"instances": [ROW | {"job": "x" * 51}, ROW, ROW | {"job": "z" * 60}]}, [0, 2]),
    ],
)
def test_every_row_that_is_no_row_is_named_at_once(body: Any, rows_named: list[int]) -> None:
    with pytest.raises(InvalidInput) as caught:
        rows.from_json(READING, orjson.dumps(body))
    assert [problem.row for problem in caught.value.problems] == rows_named


def test_every_ragged_row_of_a_csv_is_named_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"got 1 on line 2 in row 0.* \(and 1 more\)") as caught:
        rows.from_csv(READING, b"age,job\n1\n2,clerk\n3,4,5\n")
    assert [problem.row for problem in caught.value.problems] == [0, 2]
