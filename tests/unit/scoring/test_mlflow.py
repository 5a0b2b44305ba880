from __future__ import annotations

from typing import Any

import orjson
import pytest

from automl.errors import InvalidInput, TooLarge
from automl.parsing import Parser
from automl.scoring import mlflow, rows
from automl.scoring.reading import Limits, Reading, Rows
from automl.signature import Feature, Signature
from tests.support.models import CLASSIFIER, KEY, ROW

READING = Reading(parser=Parser(CLASSIFIER, strict=True), key=KEY, limits=Limits(rows=3, text_chars=50))
OTHER = ROW | {"age": 61, "job": None}
COLUMNS = {name: [ROW[name], OTHER[name]] for name in ROW}
LISTS = [list(ROW.values()), list(OTHER.values())]


def read(body: Any, reading: Reading = READING) -> Rows:
    return mlflow.from_json(reading, body if isinstance(body, bytes) else orjson.dumps(body))


def assert_same(one: Rows, other: Rows) -> None:
    assert one.tensors.num.tobytes() == other.tensors.num.tobytes()
    assert one.tensors.cat.tolist() == other.tensors.cat.tolist()


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [ROW, OTHER]},
        {"dataframe_split": {"columns": list(ROW), "index": [0, 1], "data": LISTS}},
        {"instances": [ROW, OTHER]},
        {"instances": LISTS},
        {"instances": COLUMNS},
        {"inputs": COLUMNS},
        {"inputs": LISTS},
        {"inputs": [ROW, OTHER], "params": {"temperature": 0.5}, "client_request_id": "mine"},
    ],
)
def test_every_form_gives_the_same_tensors(body: dict[str, Any]) -> None:
    assert_same(read(body), rows.from_value(READING, {"dataframe_records": [ROW, OTHER]}))


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_an_object_of_plain_values_is_one_row(form: str) -> None:
    assert_same(read({form: ROW}), rows.from_value(READING, ROW))


def test_plain_values_are_those_of_an_only_column() -> None:
    signature = Signature(features=(Feature(name="age", type="number"),), target="y", task="regression")
    only = Reading(parser=Parser(signature))
    assert read({"inputs": [1, 2.5]}, only).tensors.num.tolist() == [[1], [2.5]]


def test_columns_the_model_does_not_know_are_ignored_in_every_form() -> None:
    known = rows.from_value(READING, ROW)
    for body in (
        {"dataframe_records": [ROW | {"extra": {"a": 1}}]},
        {"dataframe_split": {"columns": [*ROW, "extra"], "data": [[*ROW.values(), 1]]}},
        {"inputs": {name: [value] for name, value in (ROW | {"extra": 1}).items()}},
    ):
        assert_same(read(body), known)
    text = b",age,job,since,member\n0,39,clerk,2026-11-20T16:00:00Z,true\n"
    assert_same(mlflow.from_csv(READING, text), known)
    with pytest.raises(InvalidInput, match="'extra': expected a column of this model"):
        rows.from_value(READING, ROW | {"extra": 1})


def test_missing_column_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"Column 'job': expected a value or null, got no such column"):
        read({"dataframe_records": [{name: value for name, value in ROW.items() if name != "job"}]})


def test_nan_is_a_missing_value() -> None:
    text = orjson.dumps({"dataframe_records": [ROW | {"age": 0.5}]}).replace(b"0.5", b"NaN")
    assert_same(read(text), rows.from_value(READING, ROW | {"age": None}))


def test_nan_within_a_text_is_text() -> None:
    text = orjson.dumps({"inputs": [ROW | {"age": 0.5, "job": 'a "NaN" b\\'}]}).replace(b"0.5", b"NaN")
    assert read(text).tensors.cat[0, 0] == 'a "NaN" b\\'


def test_body_full_of_quotes_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput):
        read(b'{"inputs": NaN, "' + b'\\"' * 1_000_000)  # quadratic, it would take hours


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "expected exactly one of dataframe_records, dataframe_split, instances, inputs, got none"),
        (ROW, "expected exactly one of dataframe_records, dataframe_split, instances, inputs, got none"),
        ({"inputs": LISTS, "instances": LISTS}, "got instances and inputs. Send the rows in one of these forms."),
        ({"inputs": 7}, "Field 'inputs': expected rows, got a number"),
        ({"inputs": {}}, "Field 'body': expected at least one row, got none"),
        ({"instances": []}, "Field 'body': expected at least one row, got none"),
        (b'[{"age": 39}]', "Field 'body': expected a JSON object, got a list"),
        (b'{"inputs": [[NaN, Infinity]]}', "expected JSON, got Infinity at line 1"),
        (b'{"inputs": [[NaN, ', "expected JSON, got something else at line 1"),
        (b'{"inputs": [["NaN\\', "expected JSON, got something else at line 1"),
        (b'{"inputs": [[-NaN]]}', "expected JSON, got something else at line 1"),
        (b"[NaN]", "Field 'body': expected a JSON object, got a list"),
        (b'{"inputs": {"\\ud800": [NaN]}}', "Field 'body': expected text that UTF-8 can hold"),
        (b'{"inputs": {"age": [NaN], "\\ud800": 7}}', "Field 'body': expected text that UTF-8 can hold"),
        (b'{"inputs": [{"age": NaN, "job": 1e999}]}', "expected a number that fits a float64, got a larger one"),
        (b'\xef\xbb\xbf{"inputs": [{"age": NaN}]}', "got a byte order mark"),
        (b'{"inputs": [{"age": NaN, "age": 1}]}', "expected each key once, got 'age' twice in one object"),
        (b'{"inputs": ' + b"[" * 5000 + b"NaN", "Field 'body': expected"),
        ({"dataframe_records": [ROW | {"job": "a" * 51}]}, "'job': expected text of at most 50 characters, got 51"),
    ],
)
def test_what_cannot_be_read_is_refused(body: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(body)
    assert message in str(refused.value)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(TooLarge):
        read({"instances": [ROW] * 4})
