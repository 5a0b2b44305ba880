"""The app's HTTP functions as one ASGI application.

This is the path every score takes, so it makes no object a handler cannot see: no invocation id unless it is asked
for or something fails, no regular expression for a literal route, no parsing of an absent query.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import azure.functions as func
from azure.functions.http import HttpRequest

from infra.local.host.context import new_invocation_id
from infra.local.host.cors import Cors
from infra.local.host.functions import Function, HttpTrigger
from infra.local.host.invoking import Invoker
from infra.local.host.keys import Keys
from infra.local.host.routes import ANY, Routes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

BODY_LIMIT = 104_857_600
"""Largest request body in bytes: the default of Azure's host (`FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`)."""

log = logging.getLogger(__name__)


class HttpApp:
    """Answers requests with the functions behind their routes.

    Parameters
    ----------
    keys
        None: no key is asked for, as under `func start`.
    cors
        None: no page of another origin may read answers.
    """

    def __init__(self, *, routes: Routes, invoker: Invoker, keys: Keys | None, cors: Cors | None = None) -> None:
        self._routes = routes
        self._invoker = invoker
        self._keys = keys
        self._cors = cors
        self._started = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        body = await _body(receive)
        if body is None:
            status, headers, content = _plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            status, headers, content = await (self._answer if self._cors is None else self._shared)(scope, body)
        headers.append((b"content-length", b"%d" % len(content)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    async def _shared(self, scope: Scope, body: bytes) -> tuple[int, Headers, bytes]:
        """An answer that pages of other origins may read, where they are let."""
        assert self._cors is not None  # noqa: S101 - asked only then
        given = dict(scope["headers"])
        if (told := self._cors.preflight(scope["method"].encode(), given)) is not None:
            return HTTPStatus.NO_CONTENT, told, b""
        status, headers, content = await self._answer(scope, body)
        return status, [*headers, *(self._cors.allows(given[b"origin"]) if b"origin" in given else ())], content

    async def _answer(self, scope: Scope, body: bytes) -> tuple[int, Headers, bytes]:
        path = scope["raw_path"].decode("latin-1")
        method = scope["method"]
        found = self._routes.find(path, method)
        if found is None:
            return self._unrouted(path, method)
        function, parameters = found
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        query_text = scope["query_string"].decode("latin-1")
        query = _query(query_text) if query_text else {}
        if self._keys is not None and not self._admitted(function, headers, query):
            return _plain(HTTPStatus.UNAUTHORIZED)
        tail = f"?{query_text}" if query_text else ""
        request = HttpRequest(
            method=method,
            url=f"{scope['scheme']}://{headers.get('host', 'localhost')}{path}{tail}",
            headers=headers,
            params=query,
            route_params=parameters,
            body_type="bytes",
            body=body,
        )
        return await self._call(function, request, headers)

    async def _call(
        self, function: Function, request: HttpRequest, headers: dict[str, str]
    ) -> tuple[int, Headers, bytes]:
        invocation_id = new_invocation_id() if function.wants_context else None
        try:
            answer = await self._invoker.call(function, request, invocation_id=invocation_id, headers=headers)
            return _response(answer)
        except Exception:  # the border of the app: whatever it raised becomes a 500 that tells nothing but an id
            invocation_id = invocation_id or new_invocation_id()
            log.exception("Function %s failed (id %s)", function.name, invocation_id)
            return _json(HTTPStatus.INTERNAL_SERVER_ERROR, {"id": invocation_id})

    def _admitted(self, function: Function, headers: dict[str, str], query: dict[str, str]) -> bool:
        assert isinstance(function.trigger, HttpTrigger)  # noqa: S101 - routes hold nothing else
        key = headers.get("x-functions-key") or query.get("code")
        return self._keys is None or self._keys.admits(key, function.name, function.trigger.auth_level)

    def _unrouted(self, path: str, method: str) -> tuple[int, Headers, bytes]:
        if path == "/admin/host/status" and method == "GET":
            up_ms = int((time.monotonic() - self._started) * 1000)
            return _json(HTTPStatus.OK, {"state": "Running", "processUptime": up_ms})
        methods = self._routes.methods(path)
        if not methods:
            return _plain(HTTPStatus.NOT_FOUND)
        status, headers, content = _plain(HTTPStatus.METHOD_NOT_ALLOWED)
        headers.append((b"allow", ", ".join(each for each in methods if each != ANY).encode()))
        return status, headers, content


async def _body(receive: Receive) -> bytes | None:
    """The whole body of a request; None when it is larger than the host takes."""
    message = await receive()
    first: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return first if len(first) <= BODY_LIMIT else None
    parts, size = [first], len(first)
    while message.get("more_body"):
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= BODY_LIMIT:
            parts.append(part)
    return b"".join(parts) if size <= BODY_LIMIT else None


def _query(text: str) -> dict[str, str]:
    """The query as Azure hands it on: a name that comes twice has its values joined by a comma."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def _response(answer: object) -> tuple[int, Headers, bytes]:
    """What goes over the wire for what a handler returned: HttpResponse, text, or nothing (204)."""
    if type(answer) is func.HttpResponse or isinstance(answer, func.HttpResponse):  # the latter asks in Python
        headers: Headers = []
        has_type = False
        for given, value in answer.headers:
            name = given.lower()
            has_type = has_type or name == "content-type"
            if name != "content-length":
                headers.append((name.encode("latin-1"), value.encode("latin-1")))
        if not has_type:
            kind = answer.mimetype
            if kind.startswith("text/"):
                kind = f"{kind}; charset={answer.charset}"
            headers.append((b"content-type", kind.encode("latin-1")))
        return answer.status_code, headers, answer.get_body()
    if answer is None:
        return HTTPStatus.NO_CONTENT, [], b""
    if isinstance(answer, str):
        return HTTPStatus.OK, [(b"content-type", b"text/plain; charset=utf-8")], answer.encode()
    raise TypeError(f"an HTTP function returned {type(answer).__name__}; expected HttpResponse, str or None")


def _plain(status: HTTPStatus) -> tuple[int, Headers, bytes]:
    return status, [(b"content-type", b"text/plain; charset=utf-8")], status.phrase.encode()


def _json(status: HTTPStatus, document: dict[str, Any]) -> tuple[int, Headers, bytes]:
    return status, [(b"content-type", b"application/json")], json.dumps(document).encode()
