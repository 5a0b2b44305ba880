"""Answers in JSON, and the one table from errors to statuses."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

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
from functions.bodies import UnsupportedMedia
from functions.logs import OneLine
from functions.requests import JSON, request_id_of, traceparent_of

logger = logging.getLogger("evergreen.http")
logger.addFilter(OneLine())


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


def _asynchronous(work: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    async def call(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return _traced(req, await work(req))
        except Exception as error:  # noqa: BLE001  (told apart, and logged, there)
            return _traced(req, _answer_to(req, error))

    return call


def _synchronous(work: Callable[..., Any]) -> Callable[..., Any]:
    def call(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return _traced(req, work(req))
        except Exception as error:  # noqa: BLE001  (told apart, and logged, there)
            return _traced(req, _answer_to(req, error))

    return call


def _traced(req: func.HttpRequest, result: Any) -> func.HttpResponse:
    response = result if isinstance(result, func.HttpResponse) else answer(result)
    if "x-request-id" not in response.headers:
        response.headers["x-request-id"] = request_id_of(req)
    if (traceparent := traceparent_of(req)) is not None:
        response.headers["traceparent"] = traceparent
    return response


def _answer_to(req: func.HttpRequest, error: Exception) -> func.HttpResponse:
    if isinstance(error, _REFUSALS):
        return _refused(error)
    identity = request_id_of(req)
    logger.error("%s %s failed, id %s", req.method, req.url, identity, exc_info=error)
    return _failed(identity)


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
