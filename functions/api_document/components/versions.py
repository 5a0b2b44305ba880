"""Versions and their files, as JSON Schemas."""

from __future__ import annotations

from automl.signature import Signature
from functions.api_document.shapes import Schema, shown


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    parts = ("manifest", "signature", "metrics")
    return {
        "Versions": {
            "type": "object",
            "required": ["versions"],
            "properties": {"versions": {"type": "array", "items": {"type": "string"}}},
        },
        "Version": {
            "type": "object",
            "required": list(parts),
            "properties": {
                "manifest": {
                    "type": "object",
                    "description": "Where it comes from, what made it, and the SHA-256 of each file.",
                    "required": ["files"],
                    "properties": {"files": {"type": "object", "additionalProperties": {"type": "string"}}},
                },
                "signature": {"$ref": "#/components/schemas/Signature"},
                "metrics": {"type": "object", "description": "Its metrics on rows that the search never saw."},
            },
        },
        "Signature": shown(Signature),
        "JsonFile": {"type": "object", "description": "The manifest."},
    }
