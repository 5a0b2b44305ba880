"""What refusals look like, as JSON Schemas."""

from __future__ import annotations

from automl.errors import Problem
from functions.api_document.shapes import Schema, shown


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name."""
    field = shown(Problem)
    field["required"] = ["expected", "got", "remedy", "message"]  # what is null is left out
    field["properties"] = {
        **{name: _present(schema) for name, schema in field["properties"].items()},
        "message": {"type": "string", "description": "All of it as a sentence."},
    }
    message = {"type": "string", "description": "What was expected, what came and what to do."}
    problem = {
        "type": {"const": "about:blank"},
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": message,
        "error": message,
        "error_code": {"type": "string", "examples": ["invalid_input", "not_found"]},
        "message": message,
    }
    problems = {"type": "array", "items": {"$ref": "#/components/schemas/FieldProblem"}}
    return {
        "Problem": {
            "type": "object",
            "description": "A problem (RFC 9457), with the fields that other clients look for beside it.",
            "required": list(problem),
            "properties": {**problem, "problems": {**problems, "description": "Every bad field; for a 400 alone."}},
        },
        "FieldProblem": field,
    }


def _present(schema: Schema) -> Schema:
    """The schema of a field where it is there: not null."""
    kind = schema.get("type")
    return {**schema, "type": next(each for each in kind if each != "null")} if isinstance(kind, list) else schema
