"""Tiny models made by hand and published as a training run would, so that serving is tested without FLAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
from onnx import TensorProto, helper, numpy_helper

from automl import spec as specs
from automl.errors import NotFound
from automl.events import iso
from automl.parsing import Parser
from automl.registry import Registry
from automl.scoring import rows
from automl.scoring.reading import Reading
from automl.scoring.session import ModelSession
from automl.signature import Feature, Signature
from automl.spec import Spec

KEY = "order_id"

FEATURES = (
    Feature(name="age", type="number", nullable=True, low=17, high=90),
    Feature(name="job", type="category", nullable=True, categories=("clerk", "baker", "7")),
    Feature(name="since", type="datetime", nullable=True),
    Feature(name="member", type="boolean", nullable=True, categories=("true", "false")),
)

CLASSIFIER = Signature(
    features=FEATURES,
    target="income",
    task="classification",
    classes=("<=50K", ">50K"),
    ignored={"fnlwgt": "dropped by the spec", KEY: "the business key"},
)
REGRESSOR = replace(CLASSIFIER, target="pay", task="regression", classes=())

ROW: dict[str, Any] = {"age": 39, "job": "clerk", "since": "2026-11-20T16:00:00Z", "member": True}
GOLDEN_ROWS: tuple[dict[str, Any], ...] = (
    ROW,
    {"age": 61.5, "job": "baker", "since": 0, "member": False},
    {"age": None, "job": None, "since": None, "member": None},
)


def graph(signature: Signature, *, bias: float = 0.0, scale: float = 1.0) -> bytes:
    """A logistic (or linear) function of age in decades about 4 and of being a baker, as ONNX."""
    one = ["rows"]
    nodes = [
        helper.make_node("IsNaN", ["num"], ["gaps"]),
        helper.make_node("Where", ["gaps", "zero", "num"], ["filled"]),
        helper.make_node("Gemm", ["filled", "weights"], ["from_num"]),
        helper.make_node(
            "LabelEncoder",
            ["cat"],
            ["codes"],
            domain="ai.onnx.ml",
            keys_strings=["baker"],
            values_tensor=numpy_helper.from_array(np.array([1.0])),
            default_tensor=numpy_helper.from_array(np.array([0.0])),
        ),
        helper.make_node("ReduceSum", ["codes", "last_axis"], ["from_cat"], keepdims=1),
        helper.make_node("Add", ["from_num", "from_cat"], ["both"]),
        helper.make_node("Add", ["both", "bias"], ["value"]),
    ]
    constants = {
        "zero": np.array(0.0),
        "weights": np.array([[0.1], [1e-12]]) * scale,
        "last_axis": np.array([1], dtype=np.int64),
        "bias": np.array(bias - 4.0),
    }
    outputs = [helper.make_tensor_value_info("value", TensorProto.DOUBLE, ["rows", 1])]
    if signature.classes:
        integers = all(isinstance(label, int) and not isinstance(label, bool) for label in signature.classes)
        names = [
            label if integers else str(label).lower() if isinstance(label, bool) else label
            for label in signature.classes
        ]
        constants["classes"] = np.array(names, dtype=np.int64 if integers else object)
        constants["one"] = np.array(1.0)
        nodes += [
            helper.make_node("Sigmoid", ["value"], ["yes"]),
            helper.make_node("Sub", ["one", "yes"], ["no"]),
            helper.make_node("Concat", ["no", "yes"], ["probabilities"], axis=1),
            helper.make_node("ArgMax", ["probabilities"], ["best"], axis=1, keepdims=0),
            helper.make_node("Gather", ["classes", "best"], ["label"], axis=0),
        ]
        kind = TensorProto.INT64 if integers else TensorProto.STRING
        outputs = [
            helper.make_tensor_value_info("label", kind, one),
            helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["rows", 2]),
        ]
    inputs = [
        helper.make_tensor_value_info("num", TensorProto.DOUBLE, ["rows", 2]),
        helper.make_tensor_value_info("cat", TensorProto.STRING, ["rows", 2]),
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "tiny", inputs, outputs, initializer=tensors)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)]
    return bytes(helper.make_model(made, opset_imports=opsets, ir_version=10).SerializeToString())


def session(signature: Signature = CLASSIFIER, *, bias: float = 0.0, key: str | None = None) -> ModelSession:
    """A tiny model in memory, never stored."""
    return ModelSession("adult", "v0", graph(signature, bias=bias), signature, key=key)


def golden(signature: Signature, onnx: bytes) -> list[dict[str, Any]]:
    """Golden requests with the answers this graph gives."""
    held = ModelSession("adult", "v0", onnx, signature)
    items: list[dict[str, Any]] = []
    for row in GOLDEN_ROWS:
        request = {"dataframe_records": [row]}
        scores = held.score(rows.from_value(Reading(parser=Parser(signature)), request).tensors)
        answer: dict[str, Any] = {"predictions": list(scores.labels)}
        if scores.probabilities is not None:
            names: Sequence[str] = held.class_names
            answer["probabilities"] = [dict(zip(names, row, strict=True)) for row in scores.probabilities.tolist()]
        items.append({"request": request, "answer": answer})
    return items


def publish(
    registry: Registry,
    version: str,
    *,
    model: str = "adult",
    signature: Signature = CLASSIFIER,
    bias: float = 0.0,
    scale: float = 1.0,
    key: str | None = KEY,
    files: Mapping[str, bytes] | None = None,
) -> str:
    """Publish a tiny model and register it as a run does: the first becomes champion, later ones challenger.

    A model without a spec gets one.

    Parameters
    ----------
    files
        Replace files of the version, to make it unfit.
    """
    onnx = graph(signature, bias=bias, scale=scale)
    stored = {
        "model.onnx": onnx,
        "signature.json": orjson.dumps(signature.to_json()),
        "golden.json": orjson.dumps(golden(signature, onnx)),
        "metrics.json": orjson.dumps(
            {"metric": "roc_auc", "holdout": {"roc_auc": 0.9}, "n_holdout": 3, "n_train": 9}
        ),
    }
    manifest = {
        "format": 1,
        "model": model,
        "version": version,
        "run_id": f"{version}-run",
        "data": {"blob": f"{model}/table", "etag": "1", "format": "csv", "rows": 12},
        "trained_until": iso(registry.clock()),
        "spec": {"columns": {"key": key}},
    }
    try:
        specs.load(registry.storage, model)
    except NotFound:
        wanted = {"name": model, "target": signature.target, "columns": {"key": key}}
        specs.save(registry.storage, Spec.from_json(wanted))
    registry.publish(model, version, stored | dict(files or {}), manifest)
    registry.register(model, version)
    return version


BOOLEAN = replace(CLASSIFIER, classes=(False, True))
INTEGER = replace(CLASSIFIER, classes=(3, 7))
