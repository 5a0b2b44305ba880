"""The requests of MLflow's scoring server, as JSON Schemas."""

from __future__ import annotations

from typing import Any

from functions.api_document.shapes import Schema


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    rows = {"type": "array", "minItems": 1, "items": _ref("LenientRow")}
    lists = {"type": "array", "minItems": 1, "items": _ref("RowAsList")}
    either = {"anyOf": [rows, lists, _ref("LenientColumns"), _ref("BareRow")]}
    forms = {
        "dataframe_records": rows,
        "dataframe_split": _ref("Table"),
        "instances": either,
        "inputs": either,
    }
    return {
        "LenientRow": _ref("Row"),
        "BareRow": _ref("Row"),
        "LenientColumns": _ref("Columns"),
        "InvocationsRequest": {
            "type": "object",
            "description": "Rows in exactly one of four forms. What else there is, such as `params`, is not read.",
            "properties": forms,
            "oneOf": [{"required": [form]} for form in forms],
        },
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
