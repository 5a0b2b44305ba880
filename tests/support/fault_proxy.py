"""A proxy before the storage emulator that now and then does to a call what networks and clouds do.

A fault meets only calls whose path begins as given, one in so many of them, in three ways by turns:

- `refused`: 503, and the call never reaches storage;
- `lost`: storage carries the call out, and its answer is thrown away with the connection;
- `slow`: the answer comes late.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_REFUSAL = b"HTTP/1.1 503 Server Busy\r\nx-ms-error-code: ServerBusy\r\ncontent-length: 0\r\n\r\n"
_LIMIT = 1 << 20
WAYS = ("refused", "lost", "slow")


@dataclass(slots=True, kw_only=True)
class Faults:
    """Which calls are hurt, and how often that happened so far.

    Parameters
    ----------
    path
        What the path of a call begins with to be hurt at all.
    every
        Of these calls each so-manieth is hurt, in the three ways by turns.
    slow_s
        How late a slow answer comes, in seconds.
    """

    path: str
    every: int
    slow_s: float = 0.1
    calls: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def choose(self, path: str) -> str | None:
        """What is done to this call: `refused`, `lost`, `slow`, or nothing."""
        if not path.startswith(self.path):
            return None
        self.calls += 1
        turn, rest = divmod(self.calls, self.every)
        if rest:
            return None
        way = WAYS[(turn - 1) % len(WAYS)]
        self.done[way] += 1
        return way


@asynccontextmanager
async def fault_proxy(upstream: int, faults: Faults) -> AsyncIterator[int]:
    """A proxy on a free port of 127.0.0.1 before `upstream`; its port. Whoever is connected at the end is cut off."""
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            # Either side may go away at any time, and at the end all are cancelled, which streams would print.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _Passage(reader, writer, upstream, faults).run()
        finally:
            writer.close()
            serving.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_LIMIT)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


class _Passage:
    """One client's connection, and the connection to storage behind it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int, faults: Faults
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._upstream = upstream
        self._faults = faults

    async def run(self) -> None:
        """Pass on request after request until a side goes away or an answer is lost."""
        storage, to_storage = await asyncio.open_connection("127.0.0.1", self._upstream, limit=_LIMIT)
        try:
            while True:
                head = await self._reader.readuntil(b"\r\n\r\n")
                body = await self._reader.readexactly(_length(head))
                method, target, _ = head.split(b" ", 2)
                fault = self._faults.choose(target.decode("latin-1"))
                if fault == "refused":
                    answer = _REFUSAL
                else:
                    to_storage.write(head + body)
                    answer = await _answer(storage, method)
                if fault == "lost":
                    return
                if fault == "slow":
                    await asyncio.sleep(self._faults.slow_s)
                self._writer.write(answer)
                await self._writer.drain()
        finally:
            to_storage.close()


async def _answer(storage: asyncio.StreamReader, method: bytes) -> bytes:
    head = await storage.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    if method == b"HEAD" or status in (204, 304):
        return head
    if not _CHUNKED.search(head):
        return head + await storage.readexactly(_length(head))
    parts = [head]
    while True:
        line = await storage.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        parts += [line, await storage.readexactly(size + 2)]
        if size == 0:
            return b"".join(parts)


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0
