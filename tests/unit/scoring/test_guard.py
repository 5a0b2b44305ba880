from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from automl.export import graph as export
from automl.scoring import guard, texts, wire
from automl.scoring.guard import Unfit
from tests.support.models import CLASSIFIER, REGRESSOR, graph

SOUND = graph(CLASSIFIER)


def model() -> ModelProto:
    return onnx.load_model_from_string(SOUND)


def external() -> TensorProto:
    tensor = TensorProto(name="outside", data_type=TensorProto.DOUBLE, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="stolen.bin")
    return tensor


def located() -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(1), "outside")
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def sparse(tensor: TensorProto) -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(
        values=tensor, indices=numpy_helper.from_array(np.zeros(1, dtype=np.int64)), dims=[1]
    )


def subgraph(tensor: TensorProto) -> onnx.GraphProto:
    return helper.make_graph([], "inner", [], [], initializer=[tensor])


def attribute(model: ModelProto, **content: object) -> None:
    model.graph.node[0].attribute.append(AttributeProto(name="a", **content))  # type: ignore[arg-type]


def in_function(model: ModelProto) -> None:
    node = NodeProto(op_type="Identity", input=["x"], output=["y"])
    node.attribute.append(AttributeProto(name="a", t=external()))
    model.functions.append(onnx.FunctionProto(name="f", domain="mine", input=["x"], output=["y"], node=[node]))


PLACES: dict[str, tuple[Callable[[ModelProto], object], str]] = {
    "initialiser": (lambda m: m.graph.initializer.append(external()), "data in another file"),
    "initialiser by its location alone": (lambda m: m.graph.initializer.append(located()), "a data location"),
    "sparse initialiser": (lambda m: m.graph.sparse_initializer.append(sparse(external())), "sparse tensors"),
    "attribute": (lambda m: attribute(m, t=external()), "data in another file"),
    "attribute of tensors": (lambda m: attribute(m, tensors=[external()]), "tensors"),
    "sparse attribute": (lambda m: attribute(m, sparse_tensor=sparse(external())), "a sparse tensor"),
    "attribute of sparse tensors": (lambda m: attribute(m, sparse_tensors=[sparse(external())]), "sparse tensors"),
    "subgraph": (lambda m: attribute(m, g=subgraph(external())), "a subgraph"),
    "subgraphs": (lambda m: attribute(m, graphs=[subgraph(external())]), "subgraphs"),
    "function": (in_function, "local functions"),
    "training": (lambda m: m.training_info.add(initialization=subgraph(external())), "training graphs"),
}


@pytest.mark.parametrize("place", PLACES)
def test_tensor_outside_the_file_is_refused_wherever_it_stands(place: str) -> None:
    put, what = PLACES[place]
    changed = model()
    put(changed)
    with pytest.raises(Unfit, match=f"has {what}"):
        guard.check(changed.SerializeToString())


@pytest.mark.parametrize(
    ("operator", "domain"),
    [("Loop", ""), ("If", ""), ("Tile", ""), ("ConstantOfShape", ""), ("Range", ""), ("MatMul", ""), ("add", ""),
     ("Add", "ai.onnx"), ("Add", "com.microsoft"), ("TreeEnsemble", ""), ("TreeEnsembleRegressor", "ai.onnx.ml"),
     ("", ""), ("Add\0", "")],
)  # fmt: skip
def test_operator_that_no_exporter_emits_is_refused_by_name(operator: str, domain: str) -> None:
    changed = model()
    changed.graph.node.append(NodeProto(op_type=operator, domain=domain, name="mine"))
    with pytest.raises(Unfit, match=r"node 'mine' is a .*, which is no operator that Evergreen writes"):
        guard.check(changed.SerializeToString())


@pytest.mark.parametrize(
    ("domain", "version"), [("", 20), ("", 22), ("ai.onnx.ml", 3), ("com.microsoft", 1), ("mine", 0)]
)
def test_operators_of_another_version_are_refused(domain: str, version: int) -> None:
    changed = model()
    changed.opset_import.append(helper.make_opsetid(domain, version))
    with pytest.raises(Unfit, match=f"got version {version} of '{domain}'"):
        guard.check(changed.SerializeToString())


@pytest.mark.parametrize("version", [0, 9, 11])
def test_another_version_of_the_format_is_refused(version: int) -> None:
    changed = model()
    changed.ir_version = version
    with pytest.raises(Unfit, match=f"expected a graph of IR version 10, got IR version {version}"):
        guard.check(changed.SerializeToString())


def test_versions_let_in_are_those_the_exporter_writes() -> None:
    assert guard.IR_VERSION == export.IR_VERSION
    assert guard.OPSETS == {"": export.OPSET, export.ML_DOMAIN: export.ML_OPSET}


NUMBERS = np.zeros((2, 3))


@pytest.mark.parametrize(
    "change",
    [
        lambda tensor: tensor.dims.append(10**12),
        lambda tensor: tensor.dims.__setitem__(0, -1),
        lambda tensor: tensor.dims.__setitem__(0, 3),
        lambda tensor: setattr(tensor, "raw_data", b""),
        lambda tensor: tensor.string_data.append(b"text"),
        lambda tensor: setattr(tensor, "data_type", TensorProto.FLOAT),
        lambda tensor: setattr(tensor, "data_type", TensorProto.STRING),
        lambda tensor: setattr(tensor, "data_type", TensorProto.BOOL),
        lambda tensor: tensor.double_data.append(1.0),
        lambda tensor: tensor.dims.extend([1] * 8),
    ],
)
def test_tensor_that_is_not_as_long_as_it_says_is_refused(change: Callable[[TensorProto], object]) -> None:
    changed = model()
    tensor = numpy_helper.from_array(NUMBERS, "numbers")
    changed.graph.initializer.append(tensor)
    guard.check(changed.SerializeToString())
    change(changed.graph.initializer[-1])
    with pytest.raises(Unfit, match="tensor"):
        guard.check(changed.SerializeToString())


TEXTS = numpy_helper.from_array(np.array(["a", "b"], dtype=object), "texts")


def join(*inputs: str, output: str = "joined") -> NodeProto:
    return helper.make_node("StringConcat", inputs, [output])


def look_up(**attributes: Any) -> NodeProto:
    return helper.make_node("LabelEncoder", ["cat"], ["found"], domain="ai.onnx.ml", **attributes)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([join("texts", "cat"), join("texts", "cat", output="more")], "more than one StringConcat makes texts"),
        ([join("texts", "joined")], "a StringConcat reads texts that have been joined"),
        ([helper.make_node("Concat", ["joined"], ["twice"], axis=1), join("texts", "cat")], "a Concat reads texts"),
        ([helper.make_node("Concat", ["cat", "cat"], ["twice"], axis=1)], "a Concat reads texts"),
        ([helper.make_node("Expand", ["texts", "shape"], ["many"])], "an? Expand reads texts"),
        ([helper.make_node("Identity", ["label"], ["same"])], "a Identity reads the label"),
        ([helper.make_node("Gather", ["texts", "best"], ["names"])], "more than one Gather makes texts"),
        ([helper.make_node("Gather", ["joined", "best"], ["names"]), join("texts", "cat")], "a Gather reads texts"),
        ([helper.make_node("Gather", ["cat", "best"], ["names"])], "a Gather reads texts"),
        ([helper.make_node("Cast", ["num"], ["text"], to=TensorProto.STRING)], "a Cast makes the element type 8"),
        ([helper.make_node("Cast", ["num"], ["text"], to=(1 << 32) + 8)], "a Cast makes the element type 4294967304"),
        ([look_up(keys_strings=["a"], values_strings=["b"])], "'values_strings', which makes texts"),
        ([look_up(keys_strings=["a"], values_tensor=TEXTS)], "an attribute has a tensor of texts"),
    ],
)
def test_text_may_only_be_joined_once_looked_up_and_picked_as_a_label(nodes: list[NodeProto], message: str) -> None:
    changed = model()
    changed.graph.initializer.append(TEXTS)
    guard.check(changed.SerializeToString())
    changed.graph.node.extend(nodes)
    with pytest.raises(Unfit, match=message):
        guard.check(changed.SerializeToString())


def test_more_constant_texts_than_any_table_has_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_CONSTANTS", 1)
    with pytest.raises(Unfit, match="tensor 'classes' has more than 1 texts"):
        guard.check(SOUND)


@pytest.mark.parametrize("field", ["graph", "ir_version"])
def test_field_that_protobuf_would_merge_is_refused(field: str) -> None:
    part = ModelProto()
    getattr(part, "graph").name = "more"  # noqa: B009  (of either field one more)
    if field == "ir_version":
        part = ModelProto(ir_version=10)
    with pytest.raises(Unfit, match="twice"):
        guard.check(SOUND + part.SerializeToString())


@pytest.mark.parametrize(
    "tail",
    [
        b"\x08",
        b"\x3a\xff\xff\xff\xff\x0f",
        b"\x0b\x0c",
        b"\x08" + b"\xff" * 11,
        b"\xfa\x7f\x00",
        b"\x00\x00",
        b"\x08" + b"\xff" * 9 + b"\x7f",
    ],
)
def test_bytes_that_are_no_field_are_refused(tail: bytes) -> None:
    with pytest.raises(Unfit, match="The file is no ONNX model that Evergreen wrote"):
        guard.check(SOUND + tail)


def test_sound_models_pass() -> None:
    guard.check(SOUND)
    guard.check(graph(REGRESSOR))


@given(cut=st.integers(0, len(SOUND) - 1))
def test_model_that_is_cut_off_is_refused_or_passes(cut: int) -> None:
    with suppress(Unfit):
        guard.check(SOUND[:cut])


@given(flips=st.lists(st.integers(0, 8 * len(SOUND) - 1), min_size=1, max_size=8))
def test_model_with_flipped_bits_is_refused_or_passes(flips: list[int]) -> None:
    data = bytearray(SOUND)
    for bit in flips:
        data[bit // 8] ^= 1 << bit % 8
    with suppress(Unfit):
        guard.check(bytes(data))


varints = st.integers(0, 2**64 - 1) | st.integers(0, 300)


def varint(number: int) -> bytes:
    parts = []
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def message(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    def one(number: int, kind: int, whole: int, content: bytes) -> bytes:
        tag = varint(number << 3 | kind)
        return tag + (varint(whole) if kind == 0 else varint(len(content)) + content if kind == 2 else content)

    return st.lists(st.builds(one, st.integers(0, 27), st.sampled_from([0, 2, 2, 2, 5]), varints, inner)).map(
        b"".join
    )


@given(data=st.recursive(st.binary(max_size=20), message, max_leaves=20))
def test_nested_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(Unfit):
        guard.check(data)


@given(values=st.lists(varints, min_size=1, max_size=50), tail=st.binary(max_size=6), window=st.integers(1, 40))
def test_run_of_numbers_ends_where_reading_them_one_by_one_ends(values: list[int], tail: bytes, window: int) -> None:
    data = memoryview(b"".join(b"\x40" + varint(value) for value in values) + tail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "_FIRST_WINDOW", window)
        patch.setattr(wire, "_WINDOW", 2 * window)
        end = wire._end_of_numbers(data, 0, 0x40)
    ends, position = [0], 0
    with suppress(wire.Malformed):
        while position < len(data) and data[position] == 0x40:
            position = wire._varint(data, position + 1)[1]
            ends.append(position)
    assert end in ends
    if window >= 22 and not tail.startswith(b"\x40"):
        assert end == ends[-1]


@given(texts=st.lists(st.binary(max_size=200), max_size=20), tail=st.binary(max_size=6))
def test_run_of_texts_ends_where_reading_them_one_by_one_ends(texts: list[bytes], tail: bytes) -> None:
    run = b"".join(b"\x4a" + varint(len(text)) + text for text in texts)
    with suppress(wire.Malformed):
        assert wire._end_of_texts(memoryview(run + tail), 0, 0x4A) >= len(run)
    assert wire._end_of_texts(memoryview(run + b"\x40"), 0, 0x4A) == len(run)
    assert wire._end_of_texts(memoryview(run + b"\x4a\x09short"), 0, 0x4A) == len(run)


def test_reading_ends_in_time_however_many_fields_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_MAX_FIELDS", 20)
    with pytest.raises(Unfit, match="it has more than 20 fields"):
        guard.check(SOUND)
    monkeypatch.setattr(wire, "MAX_TEXTS", 20)
    assert len(list(wire.fields(memoryview(b"\x4a\x00" * 21), frozenset({9})))) == 1
    with pytest.raises(wire.Malformed, match="more than 20 texts"):
        list(wire.fields(memoryview(b"\x4a\x00" * 22), frozenset({9})))


@pytest.mark.parametrize(("number", "end"), [(b"\x40\x07", b"\x40"), (b"\x4a\x01x", b"\x4a\x09")])
def test_damage_behind_a_run_is_found(number: bytes, end: bytes) -> None:
    run = memoryview(number * 1000 + end)
    with pytest.raises(wire.Malformed):
        list(wire.fields(run, frozenset({8, 9})))
    assert len(list(wire.fields(run[: -len(end)], frozenset({8, 9})))) == 1
    assert len(list(wire.fields(run[: -len(end)]))) == 1000
