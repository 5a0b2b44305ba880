"""JSON in and out, and the one table from errors to statuses."""

from __future__ import annotations

import functools
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import uuid4

import azure.functions as func
import orjson

from automl.errors import (
    Conflict,
    EvergreenError,
    InvalidInput,
    NotFound,
    Rejected,
    TooLarge,
    Unavailable,
)
from automl.scoring.body import load_object
from automl.spec import MODEL_NAME
from functions.logs import OneLine

logger = logging.getLogger("evergreen.http")
logger.addFilter(OneLine())


class UnsupportedMedia(EvergreenError):
    """The body is of a type or encoding that this route does not read."""

    code = "unsupported_media_type"


STATUS: dict[type[EvergreenError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Rejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What each error means over HTTP. Any other is a fault of ours: 500, with an id and nothing else."""

_REFUSALS = tuple(STATUS)
_FAILED = "%s %s failed, id %s"

JSON = "application/json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

Handler = TypeVar("Handler", bound=Callable[..., Any])


def routes() -> func.Blueprint:
    """A blueprint to hang functions on."""
    return func.Blueprint()  # type: ignore[no-untyped-call]  # azure.functions is only partly typed


def endpoint(work: Handler) -> Handler:
    """Make an HTTP function of a handler: errors become answers, and the caller's ids come back.

    A handler takes `req` and returns a `func.HttpResponse` or a JSON value. `async` handlers must not block; the
    others run in the worker's threads.
    """
    call: Callable[..., Any] = _asynchronous(work) if inspect.iscoroutinefunction(work) else _synchronous(work)
    functools.update_wrapper(call, work)
    # The worker refuses an HTTP function whose annotations promise anything but a response.
    call.__annotations__ = {"req": func.HttpRequest, "return": func.HttpResponse}
    return call  # type: ignore[return-value]  # name and parameters stay


def answer(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, mimetype: str = JSON
) -> func.HttpResponse:
    """A JSON answer; bytes are taken for JSON text."""
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    return func.HttpResponse(body, status_code=status, headers=dict(headers or {}), mimetype=mimetype)


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


def body_of(req: func.HttpRequest, limit: int) -> bytes:
    """The body, at most `limit` bytes of it. Raises TooLarge, UnsupportedMedia."""
    encoding = req.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMedia(f"Expected a body that is not compressed, got {encoding[:40]!r}. Send it plain.")
    body = bytes(req.get_body())
    if len(body) > limit:
        raise TooLarge(f"Expected a body of at most {limit} bytes, got {len(body)}. Send less at a time.")
    return body


def media_type(req: func.HttpRequest, *allowed: str) -> str:
    """The content type, which must be one of those allowed; JSON when there is none. Raises UnsupportedMedia."""
    given = req.headers.get("content-type")
    if given is None:
        return JSON
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
    given = req.headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else None


def _asynchronous(work: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    async def call(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return _traced(req, await work(req))
        except _REFUSALS as error:
            return _traced(req, _refused(error))
        except Exception:
            identity = _request_id(req)
            logger.exception(_FAILED, req.method, req.url, identity)
            return _traced(req, _failed(identity))

    return call


def _synchronous(work: Callable[..., Any]) -> Callable[..., Any]:
    def call(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return _traced(req, work(req))
        except _REFUSALS as error:
            return _traced(req, _refused(error))
        except Exception:
            identity = _request_id(req)
            logger.exception(_FAILED, req.method, req.url, identity)
            return _traced(req, _failed(identity))

    return call


def _request_id(req: func.HttpRequest) -> str:
    given = req.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _traced(req: func.HttpRequest, result: Any) -> func.HttpResponse:
    response = result if isinstance(result, func.HttpResponse) else answer(result)
    if "x-request-id" not in response.headers:
        response.headers["x-request-id"] = _request_id(req)
    if (traceparent := traceparent_of(req)) is not None:
        response.headers["traceparent"] = traceparent
    return response


def _refused(error: EvergreenError) -> func.HttpResponse:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    more: dict[str, Any] = {}
    if isinstance(error, InvalidInput):
        more["problems"] = [problem.to_json() for problem in error.problems]
    headers = {"retry-after": str(error.retry_after_s)} if isinstance(error, Unavailable) else {}
    return _problem(status, error.code, error.message, headers, more)


def _failed(identity: str) -> func.HttpResponse:
    """A fault of ours: the caller learns an id, the log has the rest."""
    message = f"Something went wrong inside. The log has it under the id {identity}."
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _problem(status, EvergreenError.code, message, {"x-request-id": identity}, {})


def _problem(
    status: HTTPStatus, code: str, message: str, headers: Mapping[str, str], more: Mapping[str, Any]
) -> func.HttpResponse:
    """A problem as RFC 9457 has it, with the fields that other clients look for beside it."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": message,
        "error": message,
        "error_code": code,
        "message": message,
        **more,
    }
    return answer(body, status=status.value, headers=headers, mimetype="application/problem+json")
