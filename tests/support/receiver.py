"""A receiver of webhooks on a real socket that answers, or fails to, as a test tells it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Behaviour = Callable[["Handler"], None]
"""Answers one POST, or does something worse."""


@dataclass
class Receiver:
    """What came to the receiver, and what it will do.

    Parameters
    ----------
    posts
        Headers (names in lower case) and body of each delivery, whatever it was answered.
    asked
        Headers of each OPTIONS.
    script
        What the next deliveries meet; when it is empty they are answered 204.
    allows
        What OPTIONS answers as the allowed origin; None: nothing.
    """

    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    script: list[Behaviour] = field(default_factory=list)
    allows: str | None = "*"
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The CloudEvents of all deliveries."""
        return [orjson.loads(body) for _, body in self.posts]

    @property
    def numbers(self) -> list[int]:
        """The number of each event that was delivered."""
        return [event["data"]["seq"] for event in self.events]

    def take(self) -> Behaviour:
        return self.script.pop(0) if self.script else status(204)


class Handler(BaseHTTPRequestHandler):
    """One connection to a receiver."""

    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.receiver.posts.append((self.named(), body))
        self.receiver.take()(self)

    def do_OPTIONS(self) -> None:
        self.receiver.asked.append(self.named())
        self.send_response(200)
        if self.receiver.allows is not None:
            self.send_header("WebHook-Allowed-Origin", self.receiver.allows)
        self.end_headers()

    def named(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def log_message(self, *_: Any) -> None:
        return


def status(code: int, **headers: str) -> Behaviour:
    """Answer with a status."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def silence(handler: Handler) -> None:
    """Answer nothing until the test ends."""
    handler.receiver.released.wait()


def drip(handler: Handler) -> None:
    """Send a header byte by byte and never its end, so that no single wait is long."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
    while not handler.receiver.released.wait(0.01):
        with suppress(OSError):
            handler.wfile.write(b"y")


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()
    handler = type("Bound", (Handler,), {"receiver": receiver})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            thread.join()
