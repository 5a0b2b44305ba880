"""The whole graph: prep, the estimator as skl2onnx converts it, and the label."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, checker, compose, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType

from automl.errors import Rejected
from automl.export.answers import class_text
from automl.export.family import family_of, result_name
from automl.export.graph import IR_VERSION, META, ML_DOMAIN, ML_OPSET, OPSET, SCORES, Graph, declare
from automl.export.prep import MATRIX, Prep
from automl.signature import Signature

PRODUCER = "evergreen"

MAX_BYTES = 1 << 30
"""Largest model built: above 2 GiB protobuf cannot hold it, and no serving process of 1.5 GiB could load it."""


def build(
    prep: Prep,
    estimator: Any,
    signature: Signature,
    class_order: Sequence[Any] = (),
    about: Mapping[str, str] | None = None,
) -> bytes:
    """One ONNX model from raw tensors to answers.

    Inputs are `num` double [N, C] and `cat` string [N, K], each only if it has columns. Outputs are `label` [N]
    (int64 or string; booleans as "false" and "true") with `probabilities` double [N, classes], or `value` double
    [N, 1].

    Parameters
    ----------
    prep
        What made the training matrix.
    estimator
        The fitted estimator itself: FLAML's `automl.model.estimator`.
    signature
        Whose `classes` name the columns of `probabilities`.
    class_order
        The classes as the estimator numbers them: `classes_` of FLAML's label transformer. Must be the signature's.
    about
        More metadata, such as the hash of the spec. The version's name cannot be in it: it holds a hash of the file.

    Raises
    ------
    Rejected
        When this estimator, or a model of its size, cannot be exported.
    ValueError
        When the classes are not the signature's.
    """
    kind = type(estimator).__name__
    family_of(kind)
    if result_name(estimator) == "probabilities":
        _check_classes(signature, class_order, estimator)
    model = convert_sklearn(
        estimator,
        name=kind,
        initial_types=[(MATRIX, FloatTensorType([None, len(prep.columns)]))],
        target_opset={"": OPSET, ML_DOMAIN: ML_OPSET},
    )
    if (size := model.ByteSize()) > MAX_BYTES:
        raise Rejected(
            f"{kind}: expected a model of at most {MAX_BYTES >> 20} MiB, got {size >> 20} MiB. "
            "Train with fewer or smaller trees, or leave this estimator out of search.estimator_list."
        )
    model.ir_version = IR_VERSION
    whole = compose.merge_models(prep.model, model, io_map=[(MATRIX, MATRIX)])
    del whole.graph.output[:]
    whole.graph.output.extend(_outputs(whole, signature))
    if any(META in node.output for node in whole.graph.node):
        whole.graph.value_info.append(declare(META, np.float64, "columns"))  # the gate takes the graph apart there
    _describe(whole, prep, signature, kind, about or {})
    checker.check_model(whole, full_check=True)
    return bytes(whole.SerializeToString())


def _outputs(model: ModelProto, signature: Signature) -> list[onnx.ValueInfoProto]:
    """Append the label of a classifier: the first of the most probable classes."""
    if signature.task == "regression":
        return [declare("value", np.float64, 1)]
    graph = Graph("label")
    best = graph.op("ArgMax", SCORES, axis=1, keepdims=0)
    integers = all(isinstance(label, int) and not isinstance(label, bool) for label in signature.classes)
    names = [label if integers else class_text(label) for label in signature.classes]
    table = graph.constant(np.array(names, dtype=np.int64 if integers else object))
    graph.op("Gather", table, best, output="label", axis=0)
    model.graph.node.extend(graph.nodes)
    model.graph.initializer.extend(graph.constants)
    label = declare("label", np.int64 if integers else str, None)
    return [label, declare("probabilities", np.float64, len(signature.classes))]


def _check_classes(signature: Signature, class_order: Sequence[Any], estimator: Any) -> None:
    given = [class_text(label) for label in class_order]
    expected = [class_text(label) for label in signature.classes]
    if given != expected or len(expected) != len(estimator.classes_):
        raise ValueError(
            f"Expected the estimator's {len(estimator.classes_)} classes to be those of the signature in the same "
            f"order ({expected}), got {given}. Order the signature's classes as the label encoder does."
        )


def _describe(model: ModelProto, prep: Prep, signature: Signature, estimator: str, more: Mapping[str, str]) -> None:
    model.producer_name = PRODUCER
    model.graph.name = PRODUCER
    about = {
        "producer": PRODUCER,
        "estimator": estimator,
        "task": signature.task,
        "target": signature.target,
        "features": json.dumps([[feature.name, feature.type] for feature in signature.features]),
        "classes": json.dumps(list(signature.classes)),
        "columns": json.dumps(prep.columns),
        **more,
    }
    helper.set_model_props(model, about)
