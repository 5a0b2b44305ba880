"""The requests and answers of the Open Inference Protocol, as JSON Schemas."""

from __future__ import annotations

from typing import Any

from automl.scoring.inference_protocol.datatypes import DATATYPES
from automl.scoring.inference_protocol.metadata import EXTENSIONS
from functions.api_document.shapes import Schema

_TEXT: Schema = {"type": "string"}
_SIZE: Schema = {"type": "integer", "minimum": 0}
_DATA: Schema = {
    "type": "array",
    "description": "The elements row by row, flat or a list for each row; null is a missing value.",
    "items": {"type": ["number", "string", "boolean", "null", "array"]},
}


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    return {**_told(), **_inference()}


def _told() -> dict[str, Schema]:
    """What server and model tell of themselves."""
    ready: dict[str, Schema] = {"live": {"const": True}, "ready": {"type": "boolean"}}
    tensor: dict[str, Schema] = {
        "name": _TEXT,
        "datatype": {"enum": list(DATATYPES)},
        "shape": _list({"type": "integer", "minimum": -1}),
    }
    return {
        "InferenceError": _object(
            {"error": {**_TEXT, "description": "What was expected, what came and what to do."}}
        ),
        "ServerMetadata": _object({"name": _TEXT, "version": _TEXT, "extensions": _list({"enum": list(EXTENSIONS)})}),
        "ServerLive": _object({"live": {"const": True}}),
        "ServerReady": _object(ready, error={**_TEXT, "description": "Why it is not."}),
        "ModelReady": _object({"name": _TEXT, "ready": {"const": True}}),
        "TensorMetadata": _object(tensor),
        "ModelMetadata": _object(
            {
                "name": _TEXT,
                "versions": _list(_TEXT),
                "platform": _TEXT,
                "inputs": _list(_ref("TensorMetadata")),
                "outputs": _list(_ref("TensorMetadata")),
                "parameters": {
                    "type": "object",
                    "description": "Columns of the packed inputs `num` and `cat`; `classes` of `probabilities`.",
                    "additionalProperties": {"type": "array"},
                },
            }
        ),
    }


def _inference() -> dict[str, Schema]:
    parameters = {"type": "object", "description": "Those that are not known are not read."}
    input_tensor = {
        "name": _TEXT,
        "datatype": {"enum": list(DATATYPES)},
        "shape": {**_list(_SIZE), "minItems": 1, "maxItems": 2},
    }
    output_tensor = {"name": {"enum": ["predict", "probabilities"]}, "datatype": _TEXT, "shape": _list(_SIZE)}
    ids = _list({"type": "string", "format": "uuid"})
    return {
        "InferenceRequest": _object(
            {"inputs": {**_list(_ref("InputTensor")), "minItems": 1}},
            id={"type": ["string", "null"], "description": "Comes back."},
            outputs={"anyOf": [_list(_ref("RequestedOutput")), {"type": "null"}]},
            parameters={**parameters, "properties": {"binary_data_output": {"type": "boolean"}}},
        ),
        "InputTensor": _object(
            input_tensor,
            data=_DATA,
            parameters={**parameters, "properties": {"binary_data_size": _SIZE}},
        ),
        "RequestedOutput": _object(
            {"name": {"enum": ["predict", "probabilities"]}},
            parameters={**parameters, "properties": {"binary_data": {"type": "boolean"}}},
        ),
        "InferenceResponse": _object(
            {
                "model_name": _TEXT,
                "model_version": _TEXT,
                "parameters": _object({"prediction_ids": ids, "logged": {"type": "boolean"}}),
                "outputs": _list(_ref("OutputTensor")),
            },
            id=_TEXT,
        ),
        "OutputTensor": _object(
            output_tensor,
            data=_list({"type": ["number", "string", "boolean"]}),
            parameters=_object({"binary_data_size": _SIZE}),
        ),
    }


def _object(required: dict[str, Schema], **others: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **others}}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
