"""A proxy before Azurite that counts requests, and from a chosen one on lets nothing through, or loses one answer.

It is a process of its own: delta-rs may keep this one's interpreter lock while it waits for an answer.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}
_CONTROL = "/cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running proxy: `connection` reaches Azurite through it."""

    connection: str
    port: int

    def begin(self, path: str = "/", method: str = "", *, dead_from: int = 0, lost: int = 0) -> None:
        """Count from the start.

        Parameters
        ----------
        path, method
            Requests that are counted: those whose path begins so, and of that method when one is named.
        dead_from
            Number of the counted request from which on every request is dropped, as by a process that died.
        lost
            Number of the counted request whose answer is lost although it was carried out.
        """
        self._ask(json.dumps({"path": path, "method": method, "dead_from": dead_from, "lost": lost}))

    def seen(self) -> int:
        """How many requests were counted since `begin`."""
        return int(self._ask("")["seen"])

    def _ask(self, body: str) -> Any:
        control = HTTPConnection("127.0.0.1", self.port)
        try:
            control.request("POST", _CONTROL, body)
            return json.loads(control.getresponse().read())
        finally:
            control.close()


@contextmanager
def cutting(connection: str) -> Iterator[Proxy]:
    """A proxy before the Azurite of a connection string."""
    parts = dict(part.split("=", 1) for part in connection.split(";") if part)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, urlsplit(parts["BlobEndpoint"]).netloc), daemon=True)
    process.start()
    try:
        port = ours.recv()
        parts["BlobEndpoint"] = f"http://127.0.0.1:{port}/{parts['AccountName']}"
        yield Proxy(connection="".join(f"{name}={value};" for name, value in parts.items()), port=port)
    finally:
        process.kill()
        process.join()


def _serve(pipe: Connection, target: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(target))
    pipe.send(server.server_address[1])
    server.serve_forever()


def _handler(target: str) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()
    rules: dict[str, Any] = {"path": "/", "method": "", "dead_from": 0, "lost": 0}
    seen, dead = 0, False

    def take(method: str, path: str) -> tuple[bool, bool]:
        """Whether to let a request through, and whether to let its answer back."""
        nonlocal seen, dead
        with lock:
            if not path.startswith(rules["path"]) or rules["method"] not in ("", method):
                return not dead, True
            seen += 1
            dead = dead or seen == rules["dead_from"]
            return not dead, seen != rules["lost"]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or every answer waits 40 ms for the client to acknowledge its headers

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path == _CONTROL:
                self.control(body)
                return
            goes, returns = take(self.command, self.path)
            if goes:
                status, headers, data = self.forward(body)
            if not (goes and returns):
                self.close_connection = True
                return
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            with suppress(BrokenPipeError):  # the client died, too
                self.end_headers()
                self.wfile.write(data)

        def control(self, body: bytes) -> None:
            nonlocal seen, dead
            with lock:
                if body:
                    rules.update(json.loads(body))
                    seen, dead = 0, False
                data = json.dumps({"seen": seen}).encode()
            self.send_response_only(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            upstream = HTTPConnection(target)
            try:
                upstream.request(self.command, self.path, body, dict(self.headers.items()))
                answer = upstream.getresponse()
                data = answer.read()
            finally:
                upstream.close()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            headers["content-length"] = answer.getheader("content-length", "0") if not data else str(len(data))
            return answer.status, headers, data

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
