"""Tables sent in blocks, as JSON Schemas."""

from __future__ import annotations

from automl.uploads import RULES, Order, Upload
from functions.api_document.shapes import Schema, asked, shown


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    size = {"type": "integer", "minimum": 0}
    return {
        "BlockReceipt": {
            "type": "object",
            "required": ["upload", "block", "size"],
            "properties": {"upload": {"type": "string"}, "block": size, "size": {**size, "description": "In bytes."}},
        },
        "CommitRequest": asked(Order, RULES) | {"examples": [{"blocks": 1, "format": "csv"}]},
        "Upload": shown(Upload),
        "Progress": {
            "type": "object",
            "required": ["table", "blocks"],
            "properties": {
                "table": {
                    "anyOf": [{"$ref": "#/components/schemas/Upload"}, {"type": "null"}],
                    "description": "The whole table; null before it is committed.",
                },
                "blocks": {
                    "type": "object",
                    "additionalProperties": size,
                    "description": "Sizes in bytes of the blocks that wait, by their numbers.",
                },
            },
        },
    }
