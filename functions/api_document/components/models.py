"""Specs and the champion pointer, as JSON Schemas."""

from __future__ import annotations

from automl.erasures import Receipt
from automl.events import Event
from automl.registry import Pointer
from automl.spec import Spec
from automl.spec_rules import RULES
from functions.api_document.shapes import Schema, asked, shown


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    wanted = asked(Spec, RULES)
    wanted["required"].remove("name")
    wanted["properties"]["name"]["description"] += " May be left out; it must be that of the route."
    wanted["examples"] = [{"target": "income", "columns": {"key": "order_id", "drop": ["fnlwgt"]}}]
    pointer = shown(Pointer, leave_out=("etag",))
    text = {"type": "string"}
    return {
        "SpecRequest": wanted,
        "Spec": shown(Spec),
        "Models": _object(models={"type": "array", "items": text}),
        "Removal": _object(model=text, message=text),
        "ErasureRequest": {
            "type": "object",
            "required": ["key"],
            "additionalProperties": False,
            "properties": {"key": {"type": ["string", "number", "boolean"], "description": "As the rows had it."}},
            "examples": [{"key": "A-1007"}],
        },
        "Erasure": shown(Receipt, leave_out=("etag",)),
        "Erasures": _object(erasures={"type": "array", "items": _ref("Erasure")}),
        "Event": shown(Event),
        "Pointer": pointer,
        "Champion": {"anyOf": [_ref("Pointer"), _object(model=text, at=text, champion=text)]},
        "Moved": {
            "description": "What the pointer is now, and the event that moved it.",
            "type": "object",
            "required": ["champion", "challenger", "previous", "event"],
            "properties": {
                **{name: pointer["properties"][name] for name in ("champion", "challenger", "previous")},
                "event": _ref("Event"),
            },
        },
        "PromoteRequest": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "version": {**text, "description": "The version to promote; the challenger, if absent."},
                "reason": {**text, "description": "Why, as a sentence for the model's history."},
            },
            "examples": [{}, {"reason": "It is better where it counts."}],
        },
        "RollbackRequest": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"reason": {**text, "description": "Why, as a sentence for the model's history."}},
            "examples": [{}],
        },
    }


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
