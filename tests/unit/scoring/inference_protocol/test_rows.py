from __future__ import annotations

import math
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import InvalidInput, TooLarge
from automl.parsing import Parser
from automl.scoring import rows
from automl.scoring.inference_protocol.columns import packed
from automl.scoring.inference_protocol.infer import Inference
from automl.scoring.reading import Limits, Reading, Rows
from automl.signature import Feature
from tests.support.models import CLASSIFIER, KEY, ROW
from tests.unit.scoring.inference_protocol.wire import binary, in_json, tensor

READING = Reading(parser=Parser(CLASSIFIER), key=KEY, limits=Limits(rows=50))
TYPES = {"age": "FP64", "job": "BYTES", "since": "BYTES", "member": "BYTES"}

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
records = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "job": st.none() | words,
        "since": st.none() | st.datetimes().map(lambda when: when.isoformat()),
        "member": st.sampled_from([None, "true", "false"]),
    }
)


def read(body: bytes, header_length: str | None = None, reading: Reading = READING) -> Rows:
    return Inference(body, header_length).read(reading)


def inputs(body: list[dict[str, Any]], **types: str) -> list[dict[str, Any]]:
    """One input a column."""
    return [tensor(name, (TYPES | types).get(name, "BYTES"), [row[name] for row in body]) for name in body[0]]


def assert_same(one: Rows, other: Rows) -> None:
    assert one.tensors.num.tobytes() == other.tensors.num.tobytes()
    assert one.tensors.cat.tolist() == other.tensors.cat.tolist()
    assert list(one.keys or ()) == list(other.keys or ())


def by_records(body: list[dict[str, Any]]) -> Rows:
    return rows.from_value(READING, {"dataframe_records": body})


@given(body=st.lists(records, min_size=1, max_size=5))
def test_rows_give_bit_identical_tensors_in_each_form_and_as_records(body: list[dict[str, Any]]) -> None:
    expected = by_records(body)
    columns = inputs(body)
    tall = [each | {"shape": [len(body), 1]} for each in columns]
    nested = [each | {"data": [[cell] for cell in each["data"]]} for each in tall]
    for form in (columns, tall, nested):
        assert_same(read(*in_json(form)), expected)
    assert_same(read(*binary(tall)), expected)

    num = [[None if math.isnan(cell) else cell for cell in row] for row in expected.tensors.num.tolist()]
    cat = [[row["job"], row["member"]] for row in body]
    flat = [
        tensor("num", "FP64", [cell for row in num for cell in row], [len(body), 2]),
        tensor("cat", "BYTES", [cell for row in cat for cell in row], [len(body), 2]),
    ]
    assert_same(read(*in_json(flat)), expected)
    assert_same(read(*in_json([flat[0] | {"data": num}, flat[1] | {"data": cat}])), expected)
    assert_same(read(*binary(flat)), expected)


@pytest.mark.parametrize(
    "datatype",
    ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32", "FP64", "BF16"],
)
def test_every_numeric_datatype_is_a_number_of_the_row(datatype: str) -> None:
    sent = inputs([ROW | {"age": 40, "member": "true"}, ROW | {"age": 96, "member": "true"}], age=datatype)
    expected = by_records([ROW | {"age": 40}, ROW | {"age": 96}])
    assert_same(read(*binary(sent)), expected)
    if datatype != "BF16":  # which has no JSON
        assert_same(read(*in_json(sent)), expected)


@pytest.mark.parametrize("datatype", ["FP16", "FP32"])
def test_a_short_float_is_the_same_number_in_json_as_in_binary(datatype: str) -> None:
    sent = inputs([ROW | {"age": 0.1, "member": "true"}], age=datatype)
    assert_same(read(*in_json(sent)), read(*binary(sent)))
    assert read(*in_json(sent)).tensors.num[0, 0] != 0.1


def test_booleans_epochs_and_numeric_categories_may_come_in_datatypes_of_their_own() -> None:
    sent = inputs([ROW | {"job": 7, "since": 1795190400, "member": True}], job="INT32", since="INT64", member="BOOL")
    expected = by_records([ROW | {"job": "7"}])
    assert_same(read(*in_json(sent)), expected)
    assert_same(read(*binary(sent)), expected)


def test_missing_values_are_nan_null_and_empty_text() -> None:
    row = dict.fromkeys(ROW)
    expected = by_records([row])
    assert_same(read(*in_json(inputs([row]))), expected)
    assert_same(read(*in_json(inputs([row], member="BOOL"))), expected)
    assert_same(read(*binary(inputs([row]))), expected)


def test_business_keys_come_along_and_columns_that_are_no_features_are_not_read() -> None:
    sent = [
        *inputs([ROW | {"member": "true"}]),
        tensor(KEY, "INT64", [7]),
        tensor("fnlwgt", "FP32", [1.5, 2], [1, 2]),
    ]
    assert_same(read(*in_json(sent)), by_records([ROW | {KEY: 7}]))


def test_packed_inputs_and_single_ones_may_stand_beside_each_other() -> None:
    sent = [tensor("num", "FP64", [39, 1795190400], [1, 2]), *inputs([{"job": "clerk", "member": "true"}])]
    assert_same(read(*in_json(sent)), by_records([ROW]))


def test_a_feature_called_num_keeps_its_name() -> None:
    number = Feature(name="num", type="number")
    signature = replace(CLASSIFIER, features=(number, Feature(name="job", type="category")))
    reading = Reading(parser=Parser(signature))
    assert packed(reading.signature) == {}
    assert packed(replace(CLASSIFIER, target="cat")) == packed(replace(CLASSIFIER, ignored={"num": "dropped"})) == {}
    sent = [tensor("num", "FP64", [1.5]), tensor("job", "BYTES", ["clerk"])]
    assert read(*in_json(sent), reading=reading).tensors.num.tolist() == [[1.5]]


def with_age(**changed: Any) -> list[dict[str, Any]]:
    age, *others = inputs([ROW | {"member": "true"}])
    return [age | changed, *others]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ([], "Field 'inputs': expected at least one row, got none"),
        (with_age(datatype="DOUBLE"), "Field 'inputs.age.datatype': expected one of BOOL, INT8, INT16"),
        (with_age(datatype=None), "Field 'inputs.age.datatype': expected one of"),
        (with_age(shape=[]), "Field 'inputs.age.shape': expected [N], [N, 1] or [N, columns], got []"),
        (with_age(shape=[-1]), "got [-1]. Send whole numbers from 0."),
        (with_age(shape=[1.0]), "got [1.0]. Send whole numbers from 0."),
        (with_age(shape=[True]), "got [True]. Send whole numbers from 0."),
        (with_age(shape=[2**63]), "got [9223372036854775808]"),
        (with_age(shape=[1, 1, 1]), "got 3 dimensions"),
        (with_age(shape="1"), "Field 'inputs.age.shape': expected [N], [N, 1] or [N, columns], got '1'"),
        (with_age(shape=[2]), "expected as many rows in every tensor, got 2 in 'age', 1 in 'job'"),
        (with_age(shape=[2**62]), "expected as many rows in every tensor, got 4611686018427387904 in 'age'"),
        (with_age(shape=[1, 2]), "Field 'inputs.age.shape': expected [N] or [N, 1], got [1, 2]"),
        (with_age(data=[1, 2]), "Field 'inputs.age': expected 1 elements for the shape [1], got 2"),
        (with_age(data=[[1]]), "Field 'inputs.age': expected data of the shape [1], got 1 lists"),
        (with_age(data=[[1, 2]], shape=[1, 1]), "expected a list of 1 elements, got 2 in row 0"),
        (with_age(data=[[[1]]], shape=[1, 1]), "expected a number or null, got a list in row 0"),
        (with_age(data=None), "Field 'inputs.age.data': expected a list, got null"),
        (with_age(data=["39"]), "Field 'inputs.age': expected a number or null, got '39' in row 0"),
        (with_age(data=[True]), "Field 'inputs.age': expected a number or null, got True in row 0"),
        (with_age(datatype="BOOL", data=[1]), "expected true, false or null, got 1 in row 0"),
        (with_age(datatype="BOOL", data=[True]), "Column 'age': expected a number, got True in row 0"),
        (with_age(datatype="BYTES", data=["39"]), "Column 'age': expected a number, got '39' in row 0"),
        (with_age(datatype="INT8", data=[128]), "Field 'inputs.age': expected INT8, -128 to 127, got 128 in row 0"),
        (with_age(datatype="UINT64", data=[-1]), "expected UINT64, 0 to 18446744073709551615, got -1"),
        (with_age(datatype="INT64", data=[None]), "expected a whole number, got None in row 0. Send FP64"),
        (with_age(datatype="INT64", data=[1.0]), "expected a whole number, got 1.0 in row 0"),
        (with_age(datatype="FP32", data=[1e39]), "expected a number that fits FP32, got 1e+39 in row 0"),
        (with_age(datatype="BF16"), "expected BF16 in binary, got 39 in row 0. JSON has no BF16"),
        (with_age(name=None), "Field 'inputs[0].name': expected text, got null"),
        (with_age(name="job"), "Field 'inputs[1].name': expected each tensor once, got 'job' again"),
        (with_age(name="agee"), "Column 'agee': expected a column of this model, got an unknown column"),
        (with_age()[1:], "Column 'age': expected a value or null, got no such column"),
        ([*with_age(), tensor("num", "FP64", [1, 2], [1, 2])], "expected each column once, got 'age' again"),
        ([tensor("num", "FP64", [1], [1])], "Field 'inputs.num.shape': expected [N, 2], got [1]"),
        ([tensor("num", "FP64", [1, 2], [1, 2])], "Column 'job': expected a value or null, got no such column"),
        (with_age(parameters=[1]), "Field 'inputs.age.parameters': expected an object, got a list"),
        (with_age(parameters={"shared_memory_region": "x"}), "inputs.age.parameters.shared_memory_region"),
        (with_age(parameters={"binary_data_size": 8}), "expected the header Inference-Header-Content-Length with it"),
        ([1], "Field 'inputs': expected a list of objects, got a number in it"),
        ({"age": 1}, "Field 'inputs': expected a list of objects, got an object"),
    ],
)
def test_input_that_does_not_fit_is_refused_by_name(sent: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(orjson.dumps({"inputs": sent}))
    assert message in str(refused.value)


def test_every_bad_input_is_named_at_once() -> None:
    sent = [tensor(name, "FP64", ["x"]) for name in ROW]
    with pytest.raises(InvalidInput) as refused:
        read(orjson.dumps({"inputs": sent}))
    assert [problem.field for problem in refused.value.problems] == [f"inputs.{name}" for name in ROW]
    with pytest.raises(InvalidInput) as refused:
        read(orjson.dumps({"inputs": [each | {"shape": None} for each in sent]}))
    assert len(refused.value.problems) == 4


def test_too_many_rows_are_refused_before_any_is_made() -> None:
    sent = inputs([ROW | {"member": "true"}] * 51)
    with pytest.raises(TooLarge, match="at most 50 rows in one request, got 51"):
        read(*in_json(sent))


def test_inputs_that_nobody_knows_take_no_memory_for_the_rows_they_promise() -> None:
    many = [{"name": f"x{n}", "datatype": "INT8", "shape": [10_000], "data": []} for n in range(2000)]
    body = orjson.dumps({"inputs": many})
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="'x0': expected a column of this model"):
        read(body, reading=Reading(parser=Parser(CLASSIFIER)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 2**20  # 2000 columns of 10,000 rows would be 160 MB


def test_of_many_bad_inputs_a_hundred_are_listed() -> None:
    with pytest.raises(InvalidInput) as refused:
        read(orjson.dumps({"inputs": [{"name": f"x{n}"} for n in range(1000)]}))
    assert len(refused.value.problems) == 100


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": 7}, "Field 'id': expected text, got 7"),
        ({"parameters": "x"}, "Field 'parameters': expected an object, got text"),
        ({"parameters": {"binary_data_output": 1}}, "'parameters.binary_data_output': expected true or false, got 1"),
        ({"parameters": {"sequence_id": 3}}, "Field 'parameters.sequence_id': expected none, got 3"),
        ({"outputs": "predict"}, "Field 'outputs': expected a list of objects, got text"),
        ({"outputs": [{"name": "label"}]}, "Field 'outputs': expected one of predict, probabilities, got 'label'"),
        ({"outputs": [{"name": "predict"}] * 2}, "'outputs[1].name': expected each tensor once, got 'predict' again"),
        (
            {"outputs": [{"name": "predict", "parameters": {"binary_data": "yes"}}]},
            "expected true or false, got 'yes'",
        ),
        (
            {"outputs": [{"name": "probabilities", "parameters": {"classification": 2}}]},
            "Field 'outputs[0].parameters.classification': expected none, got 2: that extension is not supported",
        ),
    ],
)
def test_field_of_the_request_that_does_not_fit_is_refused_by_name(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(*in_json(inputs([ROW | {"member": "true"}]), **changed))
    assert message in str(refused.value)


def test_parameters_and_fields_nobody_knows_are_left_alone() -> None:
    more = {"model_name": "x", "parameters": {"priority": 1, "timeout": 5, "mine": "x"}, "outputs": None, "id": None}
    assert_same(read(*in_json(inputs([ROW | {"member": "true"}]), **more)), by_records([ROW]))


def body_with(tail: bytes, size: Any, shape: list[int], datatype: str = "BYTES", **more: Any) -> tuple[bytes, str]:
    given = {"name": "job", "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}, **more}
    text = orjson.dumps({"inputs": [given]})
    return text + tail, str(len(text))


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (body_with(b"\1\0\0\0x", 6, [1]), "expected a whole number of bytes, of which 5 are left in the body, got 6"),
        (body_with(b"\1\0\0\0x", -1, [1]), "of which 5 are left in the body, got -1"),
        (body_with(b"\1\0\0\0x", True, [1]), "of which 5 are left in the body, got True"),
        (body_with(b"\1\0\0\0x", "5", [1]), "of which 5 are left in the body, got '5'"),
        (body_with(b"\1\0\0\0xy", 5, [1]), "Field 'body': expected 5 bytes of tensors after the JSON text, got 6"),
        (
            body_with(b"\1\0\0\0x", 5, [2]),
            "Field 'inputs.job': expected 2 elements, got 5 bytes, which end within one",
        ),
        (body_with(b"\1\0\0", 3, [1]), "expected 1 elements, got 3 bytes, which end within one in row 0"),
        (body_with(b"\xff\xff\xff\xffx", 5, [1]), "expected 1 elements, got 5 bytes, which end within one in row 0"),
        (body_with(b"\1\0\0\0x", 5, [0]), "expected at least one row"),
        (body_with(b"\0\0\0\0\0\0\0\0", 8, [1]), "Field 'inputs.job': expected 1 elements, got 4 bytes after them"),
        (body_with(b"\1\0\0\0\xff", 5, [1]), "Field 'inputs.job': expected text in UTF-8, got other bytes in row 0"),
        (body_with(b"\2", 1, [1], "BOOL"), "Field 'inputs.job': expected a byte that is 0 or 1, got 2 in row 0"),
        (body_with(b"12345", 5, [1], "INT32"), "expected 4 bytes for INT32 of the shape [1], got 5"),
        (body_with(b"1234", 4, [2**62], "INT32"), "expected 18446744073709551616 bytes for INT32"),
        (body_with(b"\1\0\0\0x", 5, [1], data=["x"]), "Field 'inputs.job.data': expected none beside binary data"),
    ],
)
def test_binary_data_whose_lengths_disagree_is_refused(sent: tuple[bytes, str], message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(*sent)
    assert message in str(refused.value)


@pytest.mark.parametrize("length", ["", "-1", "1.5", "x", "999999", "²", "9" * 30])
def test_header_length_that_does_not_fit_the_body_is_refused(length: str) -> None:
    with pytest.raises(
        InvalidInput, match="Inference-Header-Content-Length': expected a whole number, at most the 2"
    ):
        read(b"{}", length)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
anything = st.fixed_dictionaries(
    {"inputs": st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["age", "job", "since", "member", "num", "cat", KEY, "x"]) | values,
                "datatype": st.sampled_from(["FP64", "FP32", "INT8", "BYTES", "BOOL", "BF16"]) | values,
                "shape": st.lists(st.integers(-1, 3), max_size=3) | values,
                "data": st.lists(values, max_size=4) | values,
                "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 20)}) | values,
            },
        ),
        max_size=5,
    )},
    optional={"outputs": values, "parameters": values, "id": values},
)  # fmt: skip


@given(request=anything, tail=st.binary(max_size=40), shift=st.integers(-2, 2))
def test_whatever_comes_is_read_or_refused_in_words(request: dict[str, Any], tail: bytes, shift: int) -> None:
    text = orjson.dumps(request)
    for body, header in ((text, None), (text + tail, str(len(text))), (text + tail, str(len(text) + shift))):
        with suppress(InvalidInput, TooLarge):
            assert len(read(body, header).tensors) > 0
