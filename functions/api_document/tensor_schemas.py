"""The schemas of one model's tensors, from its signature: the Open Inference Protocol in its own columns."""

from __future__ import annotations

from typing import Any

from automl import values
from automl.scoring.inference_protocol import metadata
from automl.scoring.inference_protocol.columns import packed
from automl.scoring.inference_protocol.outputs import outputs
from automl.signature import Signature
from functions.api_document.components import open_inference
from functions.api_document.shapes import Schema
from functions.api_document.signature_schemas import example_row


def schemas(signature: Signature) -> dict[str, Schema]:
    """Those schemas of `components.open_inference` that say more for one model.

    Which elements a tensor may have follows from its datatype and its column both; no schema says that, so the
    description does.
    """
    known = open_inference.schemas()
    tensors = metadata.model("", [], signature)["inputs"]
    listed = ", ".join(f"{tensor['name']} ({tensor['datatype']})" for tensor in tensors)
    together = [f"{name} ([N, {len(columns)}]: {', '.join(columns)})" for name, columns in packed(signature).items()]
    text = f"One tensor a column: {listed}. Another datatype will do where its elements fit the column."
    if together:
        text += f" Or all of a kind in one: {'; '.join(together)}."
    answered = {"enum": [output.name for output in outputs(signature)]}
    return {
        "InferenceRequest": {**known["InferenceRequest"], "description": text, "examples": [example(signature)]},
        "InputTensor": _naming(known["InputTensor"], {"type": "string", "examples": [t["name"] for t in tensors]}),
        "RequestedOutput": _naming(known["RequestedOutput"], answered),
        "OutputTensor": _naming(known["OutputTensor"], answered),
    }


def example(signature: Signature) -> dict[str, Any]:
    """A request with one row that the model scores."""
    row = example_row(signature)
    tensors = metadata.model("", [], signature)["inputs"]
    return {
        "inputs": [
            {
                "name": tensor["name"],
                "datatype": tensor["datatype"],
                "shape": [1, 1],
                "data": [_element(tensor["datatype"], row[tensor["name"]])],
            }
            for tensor in tensors
        ]
    }


def _element(datatype: str, value: Any) -> Any:
    return values.category(value) if datatype == "BYTES" else value


def _naming(tensor: Schema, name: Schema) -> Schema:
    return {**tensor, "properties": {**tensor["properties"], "name": name}}
