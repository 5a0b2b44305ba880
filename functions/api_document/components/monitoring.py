"""What happened to a model and what its monitor knows, as JSON Schemas."""

from __future__ import annotations

from automl.asked_passes import AskedPass
from automl.monitoring.state import HIDDEN, State
from automl.quarantine import Entry
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
    held = shown(Entry)
    return {
        "Monitor": monitor,
        "Events": {
            "type": "object",
            "required": ["events"],
            "properties": {"events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}},
        },
        "Quarantined": held,
        "QuarantineList": {
            "type": "object",
            "required": ["quarantine"],
            "properties": {"quarantine": {"type": "array", "items": {"$ref": "#/components/schemas/Quarantined"}}},
        },
        "QuarantineEntry": {
            "type": "object",
            "required": [*held["required"], "truths", "values", "first"],
            "properties": {
                **held["properties"],
                "truths": {"type": "integer", "minimum": 0, "description": "How many of them the log has."},
                "values": {
                    "type": "array",
                    "items": {"type": "object", "required": ["truth", "count"]},
                    "description": "How many of each of the commonest values.",
                },
                "first": {"type": "array", "items": {"type": "object"}, "description": "Some, as they came."},
            },
        },
        "QuarantineOrder": {
            "type": "object",
            "required": ["do"],
            "additionalProperties": False,
            "properties": {
                "do": {"enum": ["release", "drop"], "description": "Whether they count, or never will."},
                "reason": {"type": "string", "description": "Why, as a sentence for the model's history."},
            },
        },
        "QuarantineSettled": {
            "type": "object",
            "required": ["entry", "event"],
            "properties": {
                "entry": {"$ref": "#/components/schemas/Quarantined"},
                "event": {"$ref": "#/components/schemas/Event"},
            },
        },
        "AskedPass": shown(AskedPass, leave_out=("etag",)),
    }
