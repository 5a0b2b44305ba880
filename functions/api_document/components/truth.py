"""What really happened, as JSON Schemas; `scoring.any_model` has the value itself."""

from __future__ import annotations

from typing import Any

from automl.truth.intake import SOURCE
from functions.api_document.shapes import Schema


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    at = {
        "description": "When the truth became known: ISO 8601 or epoch seconds, at most a day ahead. Now, if absent.",
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}, {"type": "null"}],
    }
    source = {
        "description": "Which system it is from: what one source suddenly sends too much of is held back alone.",
        "anyOf": [{"type": "string", "pattern": f"^{SOURCE.pattern}$"}, {"type": "null"}],
    }
    properties = {
        "id": {"type": "string", "description": "The prediction id."},
        "key": {
            "type": ["string", "number", "boolean"],
            "description": "Instead of it: the business key of the row.",
        },
        "truth": _ref("TruthValue"),
        "at": at,
        "source": source,
    }
    refused = {"index": {"type": "integer", "minimum": 0}, "reason": {"type": "string"}}
    return {
        "Truth": {
            "type": "object",
            "description": "The truth of one prediction.",
            "additionalProperties": False,
            "required": ["truth"],
            "properties": properties,
            "oneOf": [{"required": ["id"]}, {"required": ["key"]}],
        },
        "TruthRequest": {
            "description": "Truths, each accepted or refused by itself; or one.",
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["truths"],
                    "properties": {
                        "truths": {"type": "array", "minItems": 1, "items": _ref("Truth")},
                        "source": {**source, "description": "Of all truths that name none themselves."},
                    },
                },
                _ref("Truth"),
            ],
        },
        "Receipt": {
            "type": "object",
            "required": ["accepted", "refused"],
            "properties": {
                "accepted": {"type": "integer", "minimum": 0, "description": "How many are in the log now."},
                "refused": {
                    "type": "array",
                    "items": {"type": "object", "required": list(refused), "properties": refused},
                    "description": "The others, by their position in the request.",
                },
            },
        },
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
