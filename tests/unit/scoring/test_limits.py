"""What one request may hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from automl.errors import InvalidInput, TooLarge
from automl.parsing import Parser
from automl.scoring import rows
from automl.scoring.rows import Limits, Reading
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
