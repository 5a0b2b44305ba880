"""Asking for runs and following them, as JSON Schemas."""

from __future__ import annotations

from automl.run import Run
from automl.uploads import NAME
from functions.api_document.shapes import Schema, shown


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    named = {"type": "string", "pattern": f"^{NAME.pattern}$"}
    return {
        "TrainRequest": {
            "type": "object",
            "additionalProperties": False,
            "required": ["upload"],
            "properties": {"upload": {**named, "description": "The name under which a table was committed."}},
            "examples": [{"upload": "first"}],
        },
        "Run": shown(Run, leave_out=("etag",)),
        "Runs": {
            "type": "object",
            "required": ["runs"],
            "properties": {"runs": {"type": "array", "items": {"$ref": "#/components/schemas/Run"}}},
        },
    }
