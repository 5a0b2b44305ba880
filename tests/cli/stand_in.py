"""A small real HTTP server that answers as a test tells it to and remembers what it was asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = "20261120T160000Z-1a2b3c4d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client gets."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Rule = Callable[[Request], Any]


@dataclass
class StandIn:
    """Routes by regular expression over `METHOD /path`; the last one that was added and fits answers."""

    url: str = ""
    rules: list[tuple[re.Pattern[str], Rule]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def on(self, pattern: str, answer: Any) -> None:
        """Answer requests with a JSON value, an `Answer`, or what a function makes of the request."""
        rule: Rule = answer if callable(answer) else lambda _: answer
        self.rules.append((re.compile(pattern), rule))

    def asked(self, pattern: str) -> list[Request]:
        """The requests that fit, in their order."""
        return [item for item in self.requests if re.fullmatch(pattern, f"{item.method} {item.path}")]

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        line = f"{request.method} {request.path}"
        for pattern, rule in reversed(self.rules):
            if pattern.fullmatch(line):
                answer = rule(request)
                return answer if isinstance(answer, Answer) else Answer(body=answer)
        return problem(404, "not_found", f"There is nothing at {line}.")


def problem(status: int, code: str, message: str, problems: list[dict[str, Any]] | None = None) -> Answer:
    """An error as the server sends it."""
    body: dict[str, Any] = {"title": code, "status": status, "detail": message}
    body |= {"error": message, "error_code": code, "message": message}
    if problems is not None:
        body["problems"] = problems
    return Answer(status=status, body=body, headers={"content-type": "application/problem+json"})


@contextmanager
def serving() -> Iterator[StandIn]:
    """Serve on a free port of this machine."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            request = Request(method=self.command, path=self.path, headers=headers, body=body)
            answer = stand_in.answer(request)
            data = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"content-type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = do_any  # noqa: N815  (the names http.server calls)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
