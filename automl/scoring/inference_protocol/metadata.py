"""What a model tells of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automl.scoring.inference_protocol.columns import packed
from automl.scoring.inference_protocol.outputs import outputs
from automl.signature import Feature, Signature

EXTENSIONS = ("binary_tensor_data",)
"""Extensions of the protocol that are supported."""

_PLATFORM = "onnx_onnxv1"


def model(name: str, versions: Sequence[str], signature: Signature) -> dict[str, Any]:
    """The metadata of a model.

    `inputs` has one tensor a feature. `parameters` goes beyond the protocol: the columns of each packed input and the
    classes of `probabilities`, each in order.
    """
    parameters: dict[str, Any] = dict(packed(signature))
    if signature.classes:
        parameters["classes"] = list(signature.classes)
    return {
        "name": name,
        "versions": list(versions),
        "platform": _PLATFORM,
        "inputs": [
            {"name": feature.name, "datatype": _datatype(feature), "shape": [-1, 1]} for feature in signature.features
        ],
        "outputs": [
            {"name": output.name, "datatype": output.datatype, "shape": output.shape(-1)}
            for output in outputs(signature)
        ],
        "parameters": parameters,
    }


def _datatype(feature: Feature) -> str:
    """The datatype that holds all the values of a feature, missing ones included where training saw some."""
    if feature.type == "number":
        return "FP64"
    # A boolean tensor has no room for a missing value, text has: the empty one.
    return "BOOL" if feature.type == "boolean" and not feature.nullable else "BYTES"
