"""The OpenAPI 3.1 document of one model: the routes that score with it, in its own columns and classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from automl.scoring.session import ModelSession
from functions.api_document import signature_schemas, tensor_schemas
from functions.api_document.document import document
from functions.api_document.registered import Route
from functions.api_document.shapes import Schema

_MODEL = re.compile(r"\{model\}")
_REFERENCE = re.compile(r"#/components/schemas/(\w+)")


def model_document(
    routes: Iterable[Route],
    schemas: Mapping[str, Schema],
    session: ModelSession,
    *,
    text_chars: int,
    is_default: bool,
) -> dict[str, Any]:
    """The document of one model.

    Parameters
    ----------
    schemas
        Those of the whole app.
    session
        The champion, whose signature it is.
    text_chars
        Longest text of a category, in characters.
    is_default
        Whether routes without a model's name speak of this one.
    """
    own = [
        replace(route, template=_MODEL.sub(session.model, route.template))
        for route in routes
        if route.description is not None and route.description.per_model
        if is_default or "model" in route.parameters
    ]
    rows = signature_schemas.schemas(session.signature, key=session.key, text_chars=text_chars)
    known = {**schemas, **rows, **tensor_schemas.schemas(session.signature)}
    title = f"Model {session.model}"
    made = document(own, known, title=title, version=session.version)
    made["components"]["schemas"] = _needed(made["paths"], known)
    return made


def _needed(paths: Any, schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """The schemas that paths refer to, and those that these refer to in turn."""
    found: dict[str, Schema] = {}
    waiting = _named(paths)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting |= _named(schemas[name])
    return dict(sorted(found.items()))


def _named(part: Any) -> set[str]:
    """Names of the schemas that a part of a document refers to."""
    if isinstance(part, dict):
        return {name for value in part.values() for name in _named(value)}
    if isinstance(part, list):
        return {name for value in part for name in _named(value)}
    match = _REFERENCE.fullmatch(part) if isinstance(part, str) else None
    return {match[1]} if match else set()
