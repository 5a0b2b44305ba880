"""Clients that score without end, compare each answer with what it must be, and remember what was acknowledged."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from automl.scoring.golden import TOLERANCE
from tests.benchmarks.serving.soak.reigns import Reigns

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RECONNECT_S = 0.05
MOST_FAULTS = 20
"""How many wrong answers are kept whole; all are counted."""

Expected = Mapping[str, Sequence[Mapping[str, Any]]]
"""For each version, for each body: `predictions` and `probabilities`."""


@dataclass(slots=True)
class Record:
    """What the clients saw.

    Parameters
    ----------
    acknowledged
        Prediction ids that were answered with `logged: true`.
    counts
        Answers by what they were: `acknowledged`, `unlogged`, a status, `cut off`; and by version.
    wrong
        Answers that must not have been given, in words.
    """

    acknowledged: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def complain(self, text: str) -> None:
        """Note a wrong answer."""
        self.counts["wrong"] += 1
        if len(self.wrong) < MOST_FAULTS:
            self.wrong.append(text)


class Clients:
    """Connections to one server, each with one request under way.

    Parameters
    ----------
    expected
        What each version answers to each body.
    per_s
        Requests a second of all connections together; None: as fast as they are answered.
    """

    def __init__(
        self,
        port: int,
        path: str,
        bodies: Sequence[bytes],
        expected: Expected,
        reigns: Reigns,
        *,
        connections: int,
        per_s: float | None = None,
    ) -> None:
        self._port = port
        self._requests = [_request(port, path, body) for body in bodies]
        self._expected = expected
        self._reigns = reigns
        self._connections = connections
        self._pause_s = connections / per_s if per_s else 0.0
        self._answered = asyncio.Condition()
        self.record = Record()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to score."""
        self._tasks = [asyncio.create_task(self._score_on(number)) for number in range(self._connections)]

    async def stop(self) -> None:
        """End all connections. Raises what ended one of them before."""
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def more(self, answers: int) -> None:
        """Wait until so many more requests have been acknowledged."""
        async with self._answered:
            wanted = len(self.record.acknowledged) + answers
            await self._answered.wait_for(lambda: len(self.record.acknowledged) >= wanted)

    async def _score_on(self, number: int) -> None:
        turn, due = number, time.monotonic() + self._pause_s * number / self._connections
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    while True:
                        due = max(due + self._pause_s, time.monotonic() - 1.0)  # no more is caught up with
                        if (wait_s := due - time.monotonic()) > 0:
                            await asyncio.sleep(wait_s)
                        turn = (turn + self._connections) % len(self._requests)
                        await self._score(reader, writer, turn)
                finally:
                    writer.close()
            except (OSError, asyncio.IncompleteReadError):
                self.record.counts["cut off"] += 1  # the server was killed; what it did not answer was not promised
                await asyncio.sleep(_RECONNECT_S)

    async def _score(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: int) -> None:
        sent = time.monotonic()
        writer.write(self._requests[body])
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        content = await reader.readexactly(int(length[1]) if length else 0)
        self._check(int(head[9:12]), content, body, sent, time.monotonic())
        async with self._answered:
            self._answered.notify_all()

    def _check(self, status: int, content: bytes, body: int, sent: float, received: float) -> None:
        record = self.record
        if status != 200:
            record.counts[str(status)] += 1
            if status != 503:
                record.complain(f"status {status}: {content[:300]!r}")
            return
        answer = orjson.loads(content)
        version = answer["version"]
        record.counts[f"version {version}"] += 1
        if not self._reigns.could_answer(version, sent, received):
            record.complain(f"{version} answered and could not have been champion, at {received:.3f}")
        elif not _alike(answer, self._expected[version][body]):
            record.complain(f"body {body} was answered under the name of {version}, which answers otherwise")
        record.counts["acknowledged" if answer["logged"] else "unlogged"] += 1
        if answer["logged"]:
            record.acknowledged += answer["prediction_ids"]


def _alike(answer: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Labels identical, numbers within what rows scored together may differ from a row scored alone."""
    if answer["predictions"] != expected["predictions"]:
        return False
    pairs = zip(answer["probabilities"], expected["probabilities"], strict=True)
    return all(
        math.isclose(given[name], wanted[name], rel_tol=TOLERANCE) for given, wanted in pairs for name in wanted
    )


def _request(port: int, path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
