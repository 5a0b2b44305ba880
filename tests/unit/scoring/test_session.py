from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import orjson
import pytest
from onnx import TensorProto, helper, numpy_helper

from automl.parsing import parse_records
from automl.registry import Registry
from automl.scoring import guard, runtime
from automl.scoring.guard import Unfit
from automl.scoring.loading import load, quick_rows
from automl.scoring.session import ModelSession
from automl.signature import Feature, Signature
from automl.storage import MODELS
from automl.versions import Corrupt
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import BOOLEAN, CLASSIFIER, GOLDEN_ROWS, INTEGER, REGRESSOR, golden, graph, publish, session


@pytest.fixture
def registry() -> Registry:
    return Registry(MemoryStorage(), FixedClock())


@pytest.mark.parametrize("signature", [CLASSIFIER, BOOLEAN, INTEGER], ids=["text", "boolean", "integer"])
def test_labels_are_the_classes_of_the_signature_in_their_own_type(signature: Signature) -> None:
    scores = session(signature).score(parse_records(signature, GOLDEN_ROWS))
    assert [type(label) for label in scores.labels] == [type(signature.classes[0])] * 3
    assert list(scores.labels) == [signature.classes[0], signature.classes[1], signature.classes[0]]
    assert scores.probabilities is not None
    assert scores.probabilities.dtype == np.float64
    assert scores.probabilities.sum(axis=1) == pytest.approx(1)


def test_regression_gives_floats() -> None:
    scores = session(REGRESSOR).score(parse_records(REGRESSOR, GOLDEN_ROWS))
    assert scores.labels == pytest.approx([3.9 + 0.0017951904 - 4, 6.15 + 1 - 4, -4])
    assert scores.probabilities is None


def test_published_version_loads_with_its_business_key(registry: Registry) -> None:
    publish(registry, "v1", key="order_id")
    loaded = load(registry, "adult", "v1")
    assert (loaded.version, loaded.key, loaded.signature) == ("v1", "order_id", CLASSIFIER)


@pytest.mark.parametrize("bit", range(0, 4000, 500))
def test_any_changed_byte_of_the_model_is_refused(registry: Registry, bit: int) -> None:
    publish(registry, "v1")
    data = bytearray(registry.file("adult", "v1", "model.onnx"))
    data[bit // 8] ^= 1 << bit % 8
    registry.storage.put(MODELS, "adult/v1/model.onnx", bytes(data))
    with pytest.raises(Corrupt):
        load(registry, "adult", "v1")


def reordered(signature: Signature) -> Signature:
    return replace(signature, classes=signature.classes[::-1])


def widened(signature: Signature) -> Signature:
    return replace(signature, features=(*signature.features, Feature(name="more", type="number")))


def narrowed(signature: Signature) -> Signature:
    return replace(signature, features=tuple(item for item in signature.features if item.is_numeric))


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        (widened(CLASSIFIER), r"graph input 'num' is tensor\(double\) \['rows', 2\], the signature has 3 columns"),
        (narrowed(CLASSIFIER), r"the graph takes \['cat', 'num'\], the signature fills \['num'\]"),
        (REGRESSOR, r"a regression model gives \['value'\]"),
        (replace(CLASSIFIER, classes=("a", "b", "c")), "the graph knows 2 classes, the signature 3"),
        (replace(CLASSIFIER, classes=("a", "b")), "does not answer as published: golden request 0 fails"),
        (reordered(CLASSIFIER), "does not answer as published: golden request 0 gives"),
    ],
)
def test_signature_that_contradicts_the_graph_is_refused(
    registry: Registry, signature: Signature, message: str
) -> None:
    publish(registry, "v1", files={"signature.json": orjson.dumps(signature.to_json())})
    with pytest.raises(Unfit, match=message):
        load(registry, "adult", "v1")


def test_files_of_another_format_are_refused(registry: Registry) -> None:
    publish(registry, "v1", files={"golden.json": b'[{"rows": []}]'})
    with pytest.raises(Unfit, match="Version 'v1' of model 'adult' cannot be read: KeyError"):
        load(registry, "adult", "v1")


def test_graph_that_answers_otherwise_than_published_is_refused(registry: Registry) -> None:
    publish(registry, "v1", files={"model.onnx": graph(CLASSIFIER, bias=1e-6)})
    with pytest.raises(
        Unfit, match="Version 'v1' of model 'adult' does not answer as published: golden request 0 gives"
    ):
        load(registry, "adult", "v1")


def test_golden_numbers_may_differ_in_their_last_digits_only(registry: Registry) -> None:
    items = golden(CLASSIFIER, graph(CLASSIFIER))
    for row in items[0]["answer"]["probabilities"]:
        row["<=50K"] *= 1 + 1e-10
    publish(registry, "v1", files={"golden.json": orjson.dumps(items)})
    load(registry, "adult", "v1")


def test_golden_probabilities_in_class_order_are_read_too(registry: Registry) -> None:
    items = golden(CLASSIFIER, graph(CLASSIFIER))
    for item in items:
        item["answer"]["probabilities"] = [list(row.values()) for row in item["answer"]["probabilities"]]
    publish(registry, "v1", files={"golden.json": orjson.dumps(items)})
    load(registry, "adult", "v1")


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(Unfit, match="The file is no ONNX model that Evergreen wrote"):
        ModelSession("adult", "v1", b"not a model", CLASSIFIER)


def test_graph_that_onnxruntime_does_not_take_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    model = onnx.load_model_from_string(graph(CLASSIFIER))
    model.graph.node[0].input[0] = "nothing"
    with pytest.raises(Unfit, match="onnxruntime refuses the model"):
        ModelSession("adult", "v1", model.SerializeToString(), CLASSIFIER)
    assert capfd.readouterr() == ("", "")


def test_tensors_in_files_beside_the_process_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(guard, "check", lambda onnx: None)  # even if the guard should let one in
    Path("stolen.bin").write_bytes(np.array([[0.1], [0.1]]).tobytes())
    model = onnx.load_model_from_string(graph(CLASSIFIER))
    for tensor in model.graph.initializer:
        if tensor.name == "weights":
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="stolen.bin")
    with pytest.raises(Unfit, match="onnxruntime refuses the model"):
        ModelSession("adult", "v1", model.SerializeToString(), CLASSIFIER)


def expanding(constant: bool, elements: int) -> bytes:
    """A graph of a few hundred bytes that asks for a tensor of so many numbers."""
    model = onnx.load_model_from_string(graph(REGRESSOR))
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(
        [
            helper.make_node("Expand", ["zero" if constant else "num", "shape"], ["many"]),
            helper.make_node("ReduceMax", ["many", "last"], ["most"], keepdims=1),
            helper.make_node("ReduceMax", ["num", "last"], ["greatest"], keepdims=1),
            helper.make_node("Add", ["greatest", "most"], ["value"]),
        ]
    )
    shape = [1, elements] if constant else [elements // 2, 1, 2]
    constants = {"zero": np.zeros((1, 1)), "shape": np.array(shape), "last": np.array([1])}
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("constant", [True, False])
def test_graph_that_asks_for_more_memory_than_there_is_for_all_fails_and_takes_none(constant: bool) -> None:
    elements = 2 * runtime.ARENA_BYTES // 8
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = ModelSession("adult", "v0", expanding(constant, elements), REGRESSOR)
    with pytest.raises(Unfit, match="Version 'v0' of model 'adult' failed"):
        held.score(parse_records(REGRESSOR, GOLDEN_ROWS))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < runtime.ARENA_BYTES // 1024
    small = ModelSession("adult", "v0", expanding(constant, 1000), REGRESSOR)
    assert len(small.score(parse_records(REGRESSOR, GOLDEN_ROWS)).labels) >= 3


def test_model_file_is_not_kept_beside_the_session() -> None:
    assert session()._session._model_bytes is None


@pytest.mark.parametrize(("name", "value"), [("_FILE", "no-such-folder/model.ort"), ("SLIM_BYTES", 0)])
def test_model_that_cannot_be_made_smaller_is_held_as_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    rows = parse_records(CLASSIFIER, GOLDEN_ROWS)
    slim = session().score(rows)
    monkeypatch.setattr(runtime, name, value)
    held = session()
    assert held._session._model_bytes is not None
    assert held.score(rows).probabilities.tolist() == slim.probabilities.tolist()  # type: ignore[union-attr]


def test_rows_of_about_a_millisecond_are_counted_by_the_best_trial() -> None:
    ticks = iter([0, 900_000, 10**6, 10**6 + 250_000, 2 * 10**6, 2 * 10**6 + 400_000])
    row = parse_records(CLASSIFIER, GOLDEN_ROWS[:1])
    assert quick_rows(session(), row, lambda: next(ticks)) == 128
    slow = iter(range(0, 10**12, 10**9))
    assert quick_rows(session(), row, lambda: next(slow)) == 0


def test_loaded_version_knows_how_many_rows_are_quick(registry: Registry) -> None:
    publish(registry, "v1")
    assert load(registry, "adult", "v1").quick_rows > 1


def test_version_larger_than_the_limit_is_refused_unread(registry: Registry) -> None:
    publish(registry, "v1")
    size = len(registry.file("adult", "v1", "model.onnx"))
    load(registry, "adult", "v1", max_bytes=size)
    wanted = rf"Version 'v1' of model 'adult' is too large to be served: .*model\.onnx has {size} bytes"
    with pytest.raises(Unfit, match=wanted):
        load(registry, "adult", "v1", max_bytes=size - 1)


def test_each_file_of_a_version_is_read_once(registry: Registry) -> None:
    publish(registry, "v1")
    storage = registry.storage
    assert isinstance(storage, MemoryStorage)
    read: list[str] = []
    storage.before = lambda operation, container, name: read.append(name)
    load(registry, "adult", "v1")
    names = ["golden.json", "manifest.json", "model.onnx", "signature.json"]
    assert sorted(read) == [f"adult/v1/{name}" for name in names]


def test_graph_that_fails_on_rows_says_which_version() -> None:
    held = session()
    rows: Any = parse_records(CLASSIFIER, GOLDEN_ROWS)
    with pytest.raises(Unfit, match="Version 'v0' of model 'adult' failed"):
        held.score(replace(rows, num=rows.num[:, :1]))


def test_graph_without_columns_of_one_kind_has_no_such_input() -> None:
    signature = narrowed(CLASSIFIER)
    nodes = [helper.make_node("ReduceMax", ["num", "last"], ["value"], keepdims=1)]
    made = helper.make_graph(
        nodes,
        "numbers",
        [helper.make_tensor_value_info("num", TensorProto.DOUBLE, ["rows", 2])],
        [helper.make_tensor_value_info("value", TensorProto.DOUBLE, ["rows", 1])],
        initializer=[numpy_helper.from_array(np.array([1]), "last")],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    held = ModelSession("m", "v", model.SerializeToString(), replace(signature, task="regression", classes=()))
    assert held.score(parse_records(signature, [{"age": 3, "since": 7}])).labels == [7.0]


@pytest.mark.parametrize("signature", [CLASSIFIER, REGRESSOR])
def test_many_rows_are_scored_in_several_calls_to_the_same_answers(
    signature: Signature, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = session(signature)
    rows = parse_records(signature, list(GOLDEN_ROWS) * 3)
    whole = held.score(rows)
    monkeypatch.setattr("automl.scoring.session.CALL_ROWS", 4)
    parted = held.score(rows)
    assert len(parted.labels) == 9
    assert parted.labels == (whole.labels if signature.classes else pytest.approx(whole.labels))
    if whole.probabilities is not None:
        assert parted.probabilities == pytest.approx(whole.probabilities)
