"""What happened to a model and what its monitor knows, as JSON Schemas."""

from __future__ import annotations

from automl.monitoring.state import HIDDEN, State
from functions.api_document.shapes import Schema, shown


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    monitor = shown(State, leave_out=HIDDEN)
    monitor["required"].append("waiting")
    monitor["properties"]["waiting"] = {
        "type": "integer",
        "minimum": 0,
        "description": "Truths whose prediction has not been seen in the log yet.",
    }
    return {
        "Monitor": monitor,
        "Events": {
            "type": "object",
            "required": ["events"],
            "properties": {"events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}},
        },
        "PassAskedFor": {
            "type": "object",
            "required": ["model", "message"],
            "properties": {"model": {"type": "string"}, "message": {"type": "string"}},
        },
    }
