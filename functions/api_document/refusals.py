"""Which errors a route can answer with, and what they look like: from the one table of errors and statuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from automl.errors import Conflict, EvergreenError, InvalidInput, NotFound, TooLarge, Unavailable
from functions.api_document.described import Description, Errors
from functions.api_document.registered import Route
from functions.bodies import UnsupportedMedia
from functions.http import PROBLEM, STATUS
from functions.requests import JSON

_ABOUT: dict[type[EvergreenError], str] = {
    InvalidInput: "The body, a field or a row cannot be used. All that is wrong is listed.",
    NotFound: "There is no such model, version, run, file or upload.",
    Conflict: "It cannot be done as things are, or somebody else was first. Nothing was changed.",
    TooLarge: "The request is larger than a limit in the settings.",
    UnsupportedMedia: "The content type or encoding is not one this route reads.",
    Unavailable: "Storage cannot be reached, or no version can answer. Nothing was done; try again.",
}
_FAULT = "A fault of ours. The log has it under the id in the message."
_NO_KEY = "The key is missing or wrong. The platform answers this, without a body worth reading."
_CONTENT: dict[Errors, tuple[str, str]] = {
    "problem": (PROBLEM, "Problem"),
    "open-inference": (JSON, "InferenceError"),
    "mlflow": (PROBLEM, "Problem"),
}


def responses(route: Route, description: Description) -> dict[str, Any]:
    """The responses that refuse, by status as text."""
    found: dict[str, Any] = {}
    if not route.is_open:
        found["401"] = {"description": _NO_KEY}
    for kind in _kinds(route, description):
        headers = ("retry-after",) if kind is Unavailable else ()
        found[str(STATUS[kind].value)] = _response(_ABOUT[kind], description.errors, *headers)
    if ":" in route.template:
        found["404"] = _also_of_the_platform(found["404"])
    found[str(HTTPStatus.INTERNAL_SERVER_ERROR.value)] = _response(_FAULT, description.errors)
    return found


def header_refs(*names: str) -> dict[str, Any]:
    """References to the headers that every answer has, and to more."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("x-request-id", "traceparent", *names)}


def _kinds(route: Route, description: Description) -> list[type[EvergreenError]]:
    kinds = set(description.refuses)
    if route.parameters or description.per_model:
        kinds.add(NotFound)
    if description.body:
        kinds |= {InvalidInput, TooLarge, UnsupportedMedia}
    if not route.is_open:
        kinds.add(Unavailable)  # what asks for a key reads storage
    return [kind for kind in STATUS if kind in kinds]


def _also_of_the_platform(response: dict[str, Any]) -> dict[str, Any]:
    """A 404 that may also come from the platform, for a path that does not meet a constraint of the route.

    Azure's has no body, the local host's is plain text.
    """
    content = {**response["content"], "text/plain": {}}
    return {"description": f"{response['description']} Or what stands in the path cannot.", "content": content}


def _response(about: str, errors: Errors, *headers: str) -> dict[str, Any]:
    media, schema = _CONTENT[errors]
    content = {media: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": about, "headers": header_refs(*headers), "content": content}
