"""Whether a process lives and can work, as JSON Schemas."""

from __future__ import annotations

from functions.api_document.shapes import Schema


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    readiness = {
        "status": {"enum": ["ready", "degraded", "unavailable"]},
        "reasons": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Why it is not ready: 20, and how many more.",
        },
        "versions": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "The version that answers for each model in memory, of the first 20 by name.",
        },
    }
    return {
        "Liveness": {"type": "object", "required": ["status"], "properties": {"status": {"const": "live"}}},
        "Readiness": {"type": "object", "required": list(readiness), "properties": readiness},
    }
