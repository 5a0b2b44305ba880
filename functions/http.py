"""Answers in JSON, and the one table from errors to statuses. How an error is worded is the protocol's choice."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import azure.functions as func
import orjson

from automl.errors import (
    Conflict,
    EvergreenError,
    InvalidInput,
    NotFound,
    Problem,
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

PROBLEM = "application/problem+json"
"""The content type of errors, but where a protocol has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as it concerns the caller.

    Parameters
    ----------
    code
        The error's own.
    problems
        Each thing that is wrong with an input; None where the input is not to blame.
    headers
        Of the answer, whatever its body.
    """

    status: HTTPStatus
    code: str
    message: str
    problems: tuple[Problem, ...] | None = None
    headers: Mapping[str, str]


Wording = Callable[[Failure], func.HttpResponse]
"""How a protocol tells a failure."""

Handler = TypeVar("Handler", bound=Callable[..., Any])


def routes() -> func.Blueprint:
    """A blueprint to hang functions on."""
    return func.Blueprint()  # type: ignore[no-untyped-call]  # azure.functions is only partly typed


def endpoint_with(wording: Wording) -> Callable[[Handler], Handler]:
    """Make an HTTP function of a handler: errors become answers, and the caller's ids come back.

    A handler takes `req` and returns a `func.HttpResponse`, or a JSON value, or bytes of JSON text. `async` handlers
    must not block; the others run in the worker's threads.
    """

    def make(work: Handler) -> Handler:
        is_async = inspect.iscoroutinefunction(work)
        call: Callable[..., Any] = _asynchronous(work, wording) if is_async else _synchronous(work, wording)
        functools.update_wrapper(call, work)
        # The worker refuses an HTTP function whose annotations promise anything but a response.
        call.__annotations__ = {"req": func.HttpRequest, "return": func.HttpResponse}
        return call  # type: ignore[return-value]  # name and parameters stay

    return make


def details(failure: Failure) -> dict[str, Any]:
    """A problem as RFC 9457 has it, with the fields that other clients look for beside it."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": failure.status.phrase,
        "status": failure.status.value,
        "detail": failure.message,
        "error": failure.message,
        "error_code": failure.code,
        "message": failure.message,
    }
    if failure.problems is not None:
        body["problems"] = [problem.to_json() for problem in failure.problems]
    return body


def _problem(failure: Failure) -> func.HttpResponse:
    return answer(details(failure), status=failure.status.value, headers=failure.headers, mimetype=PROBLEM)


endpoint = endpoint_with(_problem)
"""`endpoint_with` the wording of RFC 9457."""


def answer(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, mimetype: str = JSON
) -> func.HttpResponse:
    """A JSON answer; bytes are taken for JSON text."""
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    return func.HttpResponse(body, status_code=status, headers=dict(headers or {}), mimetype=mimetype)


def _asynchronous(work: Callable[..., Awaitable[Any]], wording: Wording) -> Callable[..., Any]:
    async def call(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return _traced(req, await work(req))
        except Exception as error:  # noqa: BLE001  (told apart, and logged, there)
            return _traced(req, wording(_failure(req, error)))

    return call


def _synchronous(work: Callable[..., Any], wording: Wording) -> Callable[..., Any]:
    def call(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return _traced(req, work(req))
        except Exception as error:  # noqa: BLE001  (told apart, and logged, there)
            return _traced(req, wording(_failure(req, error)))

    return call


def _traced(req: func.HttpRequest, result: Any) -> func.HttpResponse:
    traceparent = traceparent_of(req)
    trace = {} if traceparent is None else {"traceparent": traceparent}
    if type(result) is bytes or not isinstance(result, func.HttpResponse):  # the latter asks in Python
        return answer(result, headers={"x-request-id": request_id_of(req), **trace})
    if "x-request-id" not in result.headers:
        result.headers["x-request-id"] = request_id_of(req)
    result.headers.update(trace)
    return result


def _failure(req: func.HttpRequest, error: Exception) -> Failure:
    if isinstance(error, _REFUSALS):
        status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
        problems = error.problems if isinstance(error, InvalidInput) else None
        headers = {"retry-after": str(error.retry_after_s)} if isinstance(error, Unavailable) else {}
        return Failure(status=status, code=error.code, message=error.message, problems=problems, headers=headers)
    # A fault of ours: the caller learns an id, the log has the rest.
    identity = request_id_of(req)
    logger.error("%s %s failed, id %s", req.method, req.url, identity, exc_info=error)
    return Failure(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        code=EvergreenError.code,
        message=f"Something went wrong inside. The log has it under the id {identity}.",
        headers={"x-request-id": identity},
    )
