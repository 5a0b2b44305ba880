"""What a request says: its model, its body, its ids. Refused before any work when it cannot be used."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import azure.functions as func

from automl.errors import NotFound
from automl.scoring.body import load_object
from automl.spec_rules import MODEL_NAME
from functions.bodies import Body, UnsupportedMedia
from functions.headers import header

JSON = "application/json"
BYTES = "application/octet-stream"
TEXT = "text/plain"

MODEL_VERSION = "x-model-version"
"""The header that pins the version which shall answer."""

SESSION_ID = "x-session-id"
"""The header that names what a request is about, where its rows have no business key."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")
_PROCESS = os.urandom(8).hex()
_REQUESTS = itertools.count(int.from_bytes(os.urandom(4)))
"""What ids of requests without one are made of: unique, and cheaper than asking for random bytes each time."""
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def model_of(req: func.HttpRequest) -> str:
    """The model of the route. A name that no model can have is unknown, and nothing is read for it."""
    name = str(req.route_params["model"])
    if not MODEL_NAME.fullmatch(name):
        raise NotFound(f"There is no model {name[:80]!r}. GET /models lists them.")
    return name


def name_of(text: str, what: str) -> str:
    """The name of a version or run, as far as it can be one; it becomes part of a blob's name. Raises NotFound."""
    if not _NAME.fullmatch(text):
        raise NotFound(f"There is no {what} {text[:80]!r}.")
    return text


def version_of(req: func.HttpRequest) -> str | None:
    """The version that a request pins, by its route or by the header `x-model-version`. Raises NotFound."""
    given = req.route_params.get("version") or header(req, MODEL_VERSION)
    return None if given is None else name_of(given, "version")


def session_of(req: func.HttpRequest) -> Callable[[], str | None]:
    """Gives what a request says it is about; looked up only when asked for, as few models have use for it."""
    return partial(header, req, SESSION_ID)


def body_of(req: func.HttpRequest, limit: int) -> bytes:
    """The body, unpacked, at most `limit` bytes of it. Raises InvalidInput, TooLarge, UnsupportedMedia."""
    return Body.of(req, limit).read()


def media_type(req: func.HttpRequest, *allowed: str) -> str:
    """The content type, which must be one of those allowed; JSON when there is none. Raises UnsupportedMedia."""
    given = header(req, "content-type")
    if given is None:
        return JSON
    if given in allowed:
        return given
    name, _, parameters = str(given).partition(";")
    name = name.strip().lower()
    if name not in allowed:
        raise UnsupportedMedia(
            f"Expected the content type {' or '.join(allowed)}, got {given[:80]!r}. Set the header content-type."
        )
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMedia(f"Expected text in UTF-8, got charset {charset[1][:40]!r}. Encode the body as UTF-8.")
    return name


def json_object(req: func.HttpRequest, limit: int) -> dict[str, Any]:
    """The JSON object of a body, empty for an empty body. Raises InvalidInput, TooLarge, UnsupportedMedia."""
    body = body_of(req, limit)
    if not body:
        return {}
    media_type(req, JSON)
    return load_object(body)


def traceparent_of(req: func.HttpRequest) -> str | None:
    """The W3C trace context of the request, if it has a whole one."""
    given = header(req, "traceparent")
    return given if given is not None and _TRACEPARENT.fullmatch(given) else None


def request_id_of(req: func.HttpRequest) -> str:
    """The caller's id of the request, or a new one where it has none that may stand in a header and a log."""
    given = header(req, "x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return f"{_PROCESS}{next(_REQUESTS):016x}"
