"""The load generator against a server that counts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.benchmarks.serving.load import Job, run


class Echo(BaseHTTPRequestHandler):
    """Answers with the body it got; a body of `fail` with 503, one of `cut` by closing the connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if body == b"cut":
            self.close_connection = True
            return
        self.send_response(503 if body == b"fail" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def echo() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def job(folder: Path, port: int, bodies: list[str], *, connections: int, most: int = 40, spins: bool = False) -> Job:
    file = folder / "bodies.json"
    file.write_text(json.dumps(bodies), encoding="utf-8")
    return Job(
        port=port,
        pid=os.getpid(),
        path="/",
        bodies=str(file),
        connections=connections,
        warmup_s=0.0,
        seconds=60.0,
        most=most,
        spins=spins,
        every=1,
    )


@pytest.mark.parametrize(("connections", "spins"), [(1, False), (1, True), (3, False)])
def test_every_answer_is_counted_and_belongs_to_its_body(tmp_path: Path, connections: int, spins: bool) -> None:
    bodies = ["first", "second", "x" * 3_000_000]  # the last comes in many pieces
    with echo() as port:
        result = run(job(tmp_path, port, bodies, connections=connections, spins=spins))
    assert result.requests == 40
    assert result.statuses == {"200": 40}
    assert all(bodies[turn] == text for turn, text in result.kept)
    assert {turn for turn, _ in result.kept} == ({0, 1, 2})
    assert 0 < result.p50_us <= result.p99_us <= result.max_us


def test_statuses_other_than_200_are_told(tmp_path: Path) -> None:
    with echo() as port:
        result = run(job(tmp_path, port, ["good", "fail"], connections=1))
    assert result.statuses == {"200": 20, "503": 20}


def test_a_server_that_goes_away_is_an_error(tmp_path: Path) -> None:
    with echo() as port, pytest.raises(ConnectionError):
        run(job(tmp_path, port, ["good", "cut"], connections=1))
