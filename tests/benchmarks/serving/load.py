"""A load generator in a process of its own: keep-alive connections, each sending its next request once answered.

Reads one job as JSON from standard input and writes one result to standard output. Requests are made beforehand; one
thread: at one connection it blocks in `recv` or asks for the answer again and again, at more it waits for whichever
socket is ready.
Its own share is about 10 µs a request, on another core than the server's, and part of every number but `cpu_us`.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import struct
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNK = 1 << 20
_SMALL_CHUNK = 1 << 16
"""What is asked for again and again must not be new memory of the system's each time."""
_SILENCE_S = 60
"""A server that says nothing for so long is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to send, and how long.

    Parameters
    ----------
    pid
        Of the server, whose processor time is read.
    bodies
        A file with a JSON list of bodies, sent in turn.
    warmup_s, seconds
        Answers of the first span are not counted.
    most
        Requests after which to end all the same.
    pause_s
        How long to wait between an answer and the next request; for one connection only.
    spins
        Whether to ask for an answer again and again instead of sleeping until it is there; for one connection only. A
        sleeping thread is woken some tens of µs late, which is no server's time. It takes a core: not for servers
        that use more than one other.
    every
        Of so many answers one is kept whole, to be compared with what it should be.
    """

    port: int
    pid: int
    path: str
    bodies: str
    connections: int
    warmup_s: float = 0.3
    seconds: float = 1.5
    most: int = 200_000
    pause_s: float = 0.0
    spins: bool = False
    every: int = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was measured: counts, seconds, microseconds, and the kept answers with the number of their body.

    `cpu_us` is what one request, warm-up included, took of the server's processor time: on a machine that others use,
    too, the steadiest of these numbers.
    """

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    max_us: float
    cpu_us: float
    statuses: dict[str, int]
    kept: list[tuple[int, str]] = field(default_factory=list)


class _Connection:
    """One keep-alive connection with one request under way."""

    def __init__(self, job: Job, requests: list[bytes], turn: int) -> None:
        self._requests = requests
        self.turn = turn
        self._step = job.connections
        self.socket = socket.create_connection(("127.0.0.1", job.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A time-out of Python's own would cost a system call before each recv; the kernel's costs nothing.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _SILENCE_S, 0))
        self._flags, self._chunk = (socket.MSG_DONTWAIT, _SMALL_CHUNK) if job.spins else (0, _CHUNK)
        self._parts: list[bytes] = []
        self._missing = 0
        self.sent_ns = 0

    def send(self) -> None:
        """Send the next request."""
        self.turn = (self.turn + self._step) % len(self._requests)
        self.sent_ns = time.perf_counter_ns()
        self.socket.sendall(self._requests[self.turn])

    def receive(self) -> bytes | None:
        """The whole answer, head included; None while more of it is to come."""
        try:
            data = self.socket.recv(self._chunk, self._flags)
        except BlockingIOError as error:
            if not self._flags or time.perf_counter_ns() - self.sent_ns > _SILENCE_S * 1e9:
                raise TimeoutError(f"the server was silent for {_SILENCE_S} s") from error
            return None
        if not data:
            raise ConnectionError("the server closed a connection that was kept alive")
        if not self._parts:
            end = data.find(b"\r\n\r\n")
            length = _LENGTH.search(data, 0, end + 2)
            if end < 0 or length is None:
                raise ConnectionError(f"expected a head with content-length in one piece, got {data[:200]!r}")
            self._missing = end + 4 + int(length[1])
        self._missing -= len(data)
        if self._missing == 0 and not self._parts:
            return data
        self._parts.append(data)
        if self._missing > 0:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole


class _Tally:
    """Latencies and statuses of what was answered after the warm-up."""

    def __init__(self, job: Job) -> None:
        self._job = job
        begun = time.perf_counter_ns()
        self.from_ns = begun + int(job.warmup_s * 1e9)
        self.until_ns = self.from_ns + int(job.seconds * 1e9)
        self.latencies: list[int] = []
        self.statuses: Counter[bytes] = Counter()
        self.kept: list[tuple[int, bytes]] = []
        self.last_ns = begun
        self.warming = 0
        self.is_over = False
        self._server = psutil.Process(job.pid)
        self._cpu_s = self._cpu()

    def take(self, connection: _Connection, answer: bytes) -> None:
        now = time.perf_counter_ns()
        if now < self.from_ns:
            self.warming += 1
            return
        self.latencies.append(now - connection.sent_ns)
        self.statuses[answer[9:12]] += 1
        self.last_ns = now
        if (len(self.latencies) - 1) % self._job.every == 0:
            self.kept.append((connection.turn, answer))
        self.is_over = now >= self.until_ns or len(self.latencies) >= self._job.most

    def result(self) -> Result:
        latencies = sorted(self.latencies)
        count = len(latencies)
        cpu_s = self._cpu() - self._cpu_s
        return Result(
            requests=count,
            seconds=(self.last_ns - self.from_ns) / 1e9,
            p50_us=latencies[count // 2] / 1e3,
            p99_us=latencies[min(count - 1, count * 99 // 100)] / 1e3,
            max_us=latencies[-1] / 1e3,
            cpu_us=cpu_s / (count + self.warming) * 1e6,
            statuses={status.decode(): number for status, number in self.statuses.items()},
            kept=[(turn, answer.partition(b"\r\n\r\n")[2].decode()) for turn, answer in self.kept],
        )

    def _cpu(self) -> float:
        times = self._server.cpu_times()
        return float(times.user + times.system)


def run(job: Job) -> Result:
    """Do a job. Raises OSError when the server goes away or falls silent."""
    bodies = json.loads(Path(job.bodies).read_text(encoding="utf-8"))
    requests = [_request(job, body.encode()) for body in bodies]
    with ExitStack() as stack:
        connections = [_Connection(job, requests, number) for number in range(job.connections)]
        for connection in connections:
            stack.enter_context(connection.socket)
        tally = _Tally(job)
        if len(connections) == 1:
            _one(connections[0], tally, job.pause_s)
        else:
            _many(connections, tally)
    return tally.result()


def _one(connection: _Connection, tally: _Tally, pause_s: float) -> None:
    while not tally.is_over:
        if pause_s:
            time.sleep(pause_s)
        connection.send()
        while (answer := connection.receive()) is None:
            pass
        tally.take(connection, answer)


def _many(connections: list[_Connection], tally: _Tally) -> None:
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        while not tally.is_over:
            ready = selector.select(_SILENCE_S)
            if not ready:
                raise TimeoutError(f"the server was silent for {_SILENCE_S} s")
            for key, _ in ready:
                answer = key.data.receive()
                if answer is not None:
                    tally.take(key.data, answer)
                    key.data.send()


def _request(job: Job, body: bytes) -> bytes:
    head = (
        f"POST {job.path} HTTP/1.1\r\nhost: 127.0.0.1:{job.port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(run(Job(**json.loads(sys.stdin.read()))))))
