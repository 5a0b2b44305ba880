from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import InvalidInput, TooLarge
from automl.parsing import Parser
from automl.scoring import rows
from automl.scoring.reading import Limits, Reading, Rows
from automl.values import MISSING
from tests.support.models import CLASSIFIER, KEY, ROW

READING = Reading(parser=Parser(CLASSIFIER), key=KEY, limits=Limits(rows=50))
NAMES = [feature.name for feature in CLASSIFIER.features]

words = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1, max_size=8)
records = st.fixed_dictionaries(
    {
        "age": st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
        "job": st.none() | words | st.integers(-(2**53), 2**53) | st.booleans(),
        # Eight digits of text are an ISO date (20261120), of a JSON number epoch seconds: CSV cannot say the latter.
        "since": st.none() | st.integers(10**8, 2**40) | st.datetimes().map(lambda when: when.isoformat()),
        "member": st.none() | st.booleans(),
        KEY: words,
    }
)


def split(body: list[dict[str, Any]]) -> dict[str, Any]:
    return {"dataframe_split": {"columns": list(body[0]), "data": [[row[name] for name in body[0]] for row in body]}}


def columns(body: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inputs": {name: [row[name] for row in body] for name in body[0]}}


def as_csv(body: list[dict[str, Any]]) -> bytes:
    def cell(value: Any) -> Any:
        return json.dumps(value) if isinstance(value, bool) else value

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(body[0])
    writer.writerows([cell(row[name]) for name in body[0]] for row in body)
    return text.getvalue().encode()


def assert_same(one: Rows, other: Rows) -> None:
    assert one.tensors.num.tobytes() == other.tensors.num.tobytes()
    assert one.tensors.cat.tolist() == other.tensors.cat.tolist()
    assert list(one.keys or ()) == list(other.keys or ())


@given(body=st.lists(records, min_size=1, max_size=5))
def test_every_form_of_the_same_rows_gives_the_same_tensors_bit_for_bit(body: list[dict[str, Any]]) -> None:
    given_as_records = rows.from_json(READING, orjson.dumps({"dataframe_records": body}))
    for form in (
        {"instances": body},
        {"inputs": body},
        split(body),
        columns(body),
        {"instances": body, "params": {"threads": 1}},
    ):
        assert_same(rows.from_json(READING, orjson.dumps(form)), given_as_records)
    assert_same(rows.from_csv(READING, as_csv(body)), given_as_records)
    ordered = rows.from_json(READING, orjson.dumps({"instances": [[row[name] for name in NAMES] for row in body]}))
    assert ordered.tensors.num.tobytes() == given_as_records.tensors.num.tobytes()
    assert ordered.tensors.cat.tolist() == given_as_records.tensors.cat.tolist()


@given(row=records)
def test_one_bare_object_is_one_row(row: dict[str, Any]) -> None:
    bare = rows.from_json(READING, orjson.dumps(row))
    assert_same(bare, rows.from_json(READING, orjson.dumps({"dataframe_records": [row]})))


def test_values_arrive_where_the_signature_has_them() -> None:
    parsed = rows.from_json(READING, orjson.dumps(ROW)).tensors
    assert parsed.num.tolist() == [[39.0, 1795190400.0]]
    assert parsed.cat.tolist() == [["clerk", "true"]]


def test_key_is_read_as_text_and_absent_where_no_row_has_one() -> None:
    assert rows.from_json(READING, orjson.dumps({"instances": [ROW | {KEY: 7}, ROW]})).keys == ["7", None]
    assert rows.from_json(READING, orjson.dumps(ROW)).keys is None
    without = Reading(parser=Parser(CLASSIFIER))
    assert rows.from_json(without, orjson.dumps(ROW | {KEY: 7})).keys is None


@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_body_is_more_than_invalid(body: bytes) -> None:
    for read in (rows.from_json, rows.from_csv):
        with suppress(InvalidInput):
            assert len(read(READING, body).tensors) > 0


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*rows.FORMS, *NAMES]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(value=values)
def test_no_json_value_is_more_than_invalid(value: Any) -> None:
    with suppress(InvalidInput):
        assert len(rows.from_value(READING, value).tensors) > 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "expected a JSON body, got an empty one"),
        (b"  \n", "expected a JSON body, got an empty one"),
        (b"hello", "expected JSON, got something else at line 1, column 1"),
        (b'{"age": NaN}', "got NaN at line 1, column 9. JSON has no NaN and no Infinity; send null"),
        (b'{"age": Infinity}', "got Infinity at line 1, column 9. JSON has no NaN and no Infinity; send null"),
        (b'{"age": -Infinity}', "got Infinity at line 1, column 10. JSON has no NaN and no Infinity; send null"),
        ('{"é": NaN}'.encode(), "got NaN at line 1, column 7."),
        (b'{"age": 1e400}', "expected a number that fits a float64, got a larger one at line 1, column 9"),
        (b"[" * 10_000, "expected JSON at most 1024 levels deep"),
        (b'{"job": "\\ud800"}', "expected text that UTF-8 can hold, got half a surrogate pair"),
        (b'{"job": "\xff"}', "expected JSON in UTF-8, got bytes that are not UTF-8"),
        (b'\xef\xbb\xbf{"age": 1}', "expected JSON in UTF-8, got a byte order mark"),
        (b'{"age": 1,}', "trailing comma is not allowed"),
        (b"[1]", "expected a JSON object, got a list"),
        (b"7", "expected a JSON object, got a number"),
        (b"null", "expected a JSON object, got null"),
        (b"{}", "expected rows, got an empty object"),
        (b'{"instances": []}', "expected at least one row, got none"),
        (b'{"instances": 7}', "Field 'instances': expected rows, got a number"),
        (b'{"instances": {}}', "Field 'instances': expected a list of rows, got an object"),
        (b'{"instances": [7]}', "Field 'body': expected an object, got a number in row 0"),
        (b'{"instances": [[1], {}]}', "Field 'instances': expected 4 values in a list, got 1 values in row 0"),
        (b'{"instances": [{}, [1]]}', "Field 'body': expected an object, got a list in row 1"),
        (b'{"instances": [{}], "inputs": [{}]}', "got instances and inputs. Send one form"),
        (b'{"instances": [{}], "verbose": true}', "Field 'verbose': expected nothing beside instances"),
        (b'{"dataframe_records": {}}', "expected a list of objects, got an object"),
        (b'{"dataframe_split": []}', 'expected an object with "columns" and "data", got a list'),
        (
            b'{"dataframe_split": {"data": [[1]]}}',
            "'dataframe_split.columns': expected a list of column names, got null",
        ),
        (b'{"dataframe_split": {"columns": ["age"]}}', "'dataframe_split.data': expected a list of rows, got null"),
        (
            b'{"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}',
            "expected each column once, got 'a' twice",
        ),
        (
            b'{"dataframe_split": {"columns": ["age"], "data": [[1], [1, 2]]}}',
            "expected 1 values in a list, got 2 values in row 1",
        ),
        (
            b'{"dataframe_split": {"columns": ["age"], "data": [7]}}',
            "expected 1 values in a list, got a number in row 0",
        ),
        (b'{"inputs": {"age": 7}}', "Field 'inputs.age': expected a list of values, got a number"),
        (b'{"inputs": {"age": [1], "job": []}}', "expected equally long columns, got 1 for 'age', 0 for 'job'"),
        (b'{"age": ' + b"[" * 900 + b"]" * 900 + b"}", "expected a number, got [[["),
        (b'{"order_id": [1]}', "Column"),
    ],
)
def test_body_that_is_no_rows_is_told_why(body: bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rows.from_json(READING, body)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "expected a header and rows, got an empty body"),
        (b"age,job,since,member\n", "expected at least one row, got none"),
        (b"age,age\n1,2\n", "expected each column once, got 'age' more than once"),
        (b"age,job\n1\n", "expected 2 cells as in the header, got 1 on line 2 in row 0"),
        (b'age,job\n1,"open\n', "expected CSV, got unexpected end of data near line 2"),
        (b"age\n\xff\n", "expected CSV in UTF-8, got the byte 0xFF"),
        (b"age,job,since,member\nforty,clerk,,\n", "Column 'age': expected a finite number, got 'forty' in row 0"),
    ],
)
def test_csv_that_is_no_rows_is_told_why(body: bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rows.from_csv(READING, body)
    assert message in caught.value.message


def test_every_bad_field_is_named_at_once() -> None:
    bad = {"age": "forty", "job": ["x"], "since": "soon", "member": "maybe", "jbo": 1}
    with pytest.raises(InvalidInput) as caught:
        rows.from_json(READING, orjson.dumps({"instances": [ROW, bad]}))
    named = {problem.column: problem.row for problem in caught.value.problems}
    assert named == {"age": 1, "job": 1, "since": 1, "member": 1, "jbo": 1}


def test_more_rows_than_allowed_are_refused_in_every_form() -> None:
    many = [ROW] * 51
    for body in ({"instances": many}, split(many), columns(many)):
        with pytest.raises(TooLarge, match="Expected at most 50 rows in one request, got 51"):
            rows.from_json(READING, orjson.dumps(body))
    with pytest.raises(TooLarge):
        rows.from_csv(READING, as_csv(many))


@pytest.mark.parametrize(
    "twice",
    [
        orjson.dumps(ROW)[:-1] + b',"age":7}',
        b'{"instances":[' + orjson.dumps(ROW)[:-1] + b',"age" :7}]}',
        b'{"instances":[' + orjson.dumps(ROW)[:-1] + b',"\\u0061ge":7}]}',
        b'{"instances":[],"instances":[' + orjson.dumps(ROW) + b"]}",
    ],
)
def test_a_key_that_an_object_has_twice_is_named(twice: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"expected each key once, got '(age|instances)' twice in one object"):
        rows.from_json(READING, twice)


@given(text=st.text(st.sampled_from('a:",\\{}[] '), max_size=12))
def test_text_that_looks_like_keys_is_text(text: str) -> None:
    parsed = rows.from_json(
        READING, orjson.dumps({"dataframe_records": [ROW | {"job": text, "fnlwgt": [{text: 1}]}]})
    )
    assert parsed.tensors.cat[0, 0] == (text or MISSING)
