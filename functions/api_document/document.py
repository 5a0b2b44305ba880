"""The OpenAPI 3.1 document of routes and schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import automl
from functions.api_document.described import Answer, Content, Description
from functions.api_document.parameters import EVERYWHERE, headers, parameters
from functions.api_document.refusals import header_refs, responses
from functions.api_document.registered import Route
from functions.api_document.shapes import Schema

ROOMS = {
    "scoring": "Predictions, and the truth about them.",
    "open-inference": "Predictions by the Open Inference Protocol (V2), tensors in and tensors out.",
    "mlflow": "Predictions as MLflow's scoring server gives them.",
    "models": "What is wanted of a model, and which of its versions answers.",
    "data": "Tables, sent in blocks.",
    "runs": "Training.",
    "monitoring": "What happened to a model, and what its monitor knows.",
    "health": "Whether the process lives and can work.",
    "document": "The API itself.",
}
"""The headings that routes stand under."""

_ABOUT = (
    "Serverless AutoML that keeps its own models fresh: send a table, train, score, send the truth later. A model "
    "that has become worse replaces itself.\n\n"
    "Send the key as the header `x-functions-key` or as `?code=`. Where Entra sign-in is switched on, send a token "
    "as well. A path or method that is not listed is answered 404 (for a wrong method, by the local host 405), "
    "without a body that says more."
)
_KEYS: dict[str, Schema] = {
    "functionKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A key of the function, or of the host. Each acting route is a function with keys of its own.",
    },
    "functionKeyInQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "code",
        "description": "The same key where no header can be set. It ends up in the logs of what lies between.",
    },
    "entraToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of Microsoft Entra ID, asked for by the platform where sign-in is switched on.",
    },
}
_ASKED: list[dict[str, list[str]]] = [
    {"functionKey": []},
    {"functionKeyInQuery": []},
    {"functionKey": [], "entraToken": []},
]


def document(
    routes: Iterable[Route],
    schemas: Mapping[str, Schema],
    *,
    title: str = "Evergreen",
    version: str = automl.__version__,
) -> dict[str, Any]:
    """An OpenAPI 3.1 document.

    Parameters
    ----------
    routes
        Each with a description.
    schemas
        The components that they name, and more.
    version
        Of what is described: the API, or the model.
    """
    known = parameters()
    paths: dict[str, dict[str, Any]] = {}
    rooms: dict[str, str] = {}
    for route in routes:
        description = _said_of(route)
        rooms[description.room] = ROOMS[description.room]
        item = paths.setdefault(route.path, _item(route))
        item[route.method.lower()] = _operation(route, description)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in rooms.items()],
        "paths": paths,
        "components": {
            "schemas": dict(schemas),
            "parameters": known,
            "headers": headers(),
            "securitySchemes": _KEYS,
        },
    }


def _said_of(route: Route) -> Description:
    if route.description is None:
        raise LookupError(f"Function {route.function} is not described. Add @described(...) beneath its @endpoint.")
    return route.description


def _item(route: Route) -> dict[str, Any]:
    return {"parameters": [_parameter(name) for name in (*route.parameters, *EVERYWHERE)]}


def _operation(route: Route, description: Description) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.function,
        "tags": [description.room],
        "summary": route.summary,
        "security": [] if route.is_open else _ASKED,
        "responses": {
            **{str(status): _response(route, answer) for status, answer in description.answers.items()},
            **responses(route, description),
        },
    }
    if description.parameters:
        operation["parameters"] = [_parameter(name) for name in description.parameters]
    if description.body:
        operation["requestBody"] = {"required": description.body_required, "content": _content(description.body)}
    return operation


def _response(route: Route, answer: Answer) -> dict[str, Any]:
    return {
        "description": answer.about or route.summary,
        "headers": header_refs(*answer.headers),
        "content": _content(answer.content),
    }


def _content(schemas: Content) -> dict[str, Any]:
    return {
        media: {"schema": {"$ref": f"#/components/schemas/{name}"}} if name else {} for media, name in schemas.items()
    }


def _parameter(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}
