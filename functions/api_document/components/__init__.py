"""The schemas that routes name, one module a room."""

from __future__ import annotations

from functions.api_document.components import (
    health,
    mlflow,
    models,
    monitoring,
    open_inference,
    problems,
    runs,
    scoring,
    truth,
    uploads,
    versions,
)
from functions.api_document.shapes import Schema


def schemas() -> dict[str, Schema]:
    """Every schema of the whole app, by name."""
    rooms = (health, problems, scoring, truth, open_inference, mlflow, models, versions, uploads, runs, monitoring)
    own: Schema = {"type": "object", "required": ["openapi", "info", "paths"], "description": "OpenAPI 3.1."}
    return {"OpenAPI": own} | {name: schema for room in rooms for name, schema in room.schemas().items()}
