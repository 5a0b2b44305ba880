"""Group commit: records that arrive while an append is under way share the next one.

A storage call takes milliseconds and a process answers thousands of requests a second, so one append must carry many
records. Everything here runs on the event loop but the storage calls, which run in threads of their own. Each model
has one append under way at most, so the order of lines is the order of arrival.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC

from automl.errors import EvergreenError, Unavailable
from automl.events import Clock
from automl.log import Kind
from automl.log.group import Group
from automl.log.lane import Lane
from automl.log.predictions import Lines
from automl.settings import Settings
from automl.storage import Storage

DEADLINE_S = 10.0
"""Longest that requests wait for one append, in seconds."""

PAUSE_S = 1.0
"""How long after a failed append the log refuses at once, before one request tries again, in seconds."""

SIBLINGS = 4
"""From so many requests on that shared an append, the next append waits for as many again."""

_THREADS = 8
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stream:
    """One model's log: where it goes, what waits, and the task that writes it.

    Parameters
    ----------
    is_down, closed_until
        Whether the last append failed, and until when the next is not tried, in the loop's seconds.
    shared, took_s
        How many requests the last append was for, and how long it took.
    complete
        Set once as many wait for the next one.
    """

    lane: Lane
    group: Group = field(default_factory=Group)
    task: asyncio.Task[None] | None = None
    is_down: bool = False
    closed_until: float = 0.0
    shared: int = 0
    took_s: float = 0.0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def join(self) -> asyncio.Future[None]:
        """What a request waits for until the next append is made."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.group.waiting.append(future)
        if len(self.group.waiting) >= self.shared:
            self.complete.set()
        return future

    async def gather(self) -> None:
        """Wait until as many requests wait as shared the last append, for no longer than that took.

        Callers that were answered together come back together, one after the other. The first of them would have an
        append to itself, and all the others would wait for its end before their own began.
        """
        self.complete.clear()
        if SIBLINGS <= self.shared > len(self.group.waiting):
            with suppress(TimeoutError):
                await asyncio.wait_for(self.complete.wait(), self.took_s)

    def refuses(self, now: float) -> bool:
        """After a failed append: whether it is not this request's turn to try the next. One waits, not all."""
        return self.task is not None or now < self.closed_until


class AppendLog:
    """The log of one kind for all models, written by this process.

    Parameters
    ----------
    settings
        `log` decides whether predictions are acknowledged after they are stored (`durable`) or gathered for
        `log_flush_ms` first (`async`). Truth is always durable.
    deadline_s, pause_s
        See `DEADLINE_S` and `PAUSE_S`.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        settings: Settings,
        kind: Kind,
        *,
        deadline_s: float = DEADLINE_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._kind: Kind = kind
        self._is_async = kind == "predictions" and settings.log == "async"
        self._flush_s = settings.log_flush_ms / 1000
        self._queue_bytes = settings.log_queue_bytes
        self._deadline_s = deadline_s
        self._pause_s = pause_s
        # A restarted process must not meet the blobs of its former life, so a given name is not enough.
        self._instance = "-".join(filter(None, (settings.instance, secrets.token_hex(4))))
        self._numbers = itertools.count(1)
        self._streams: dict[str, _Stream] = {}
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"log-{kind}")
        self._queued = 0
        self.lost = 0
        """Records that were not acknowledged since the process began."""

    async def append(self, model: str, lines: Lines, records: int = 1) -> None:
        """As `put`; returns once the lines are acknowledged. Raises Unavailable when they are not."""
        if (stored := self.put(model, lines, records)) is not None:
            await stored

    def put(self, model: str, lines: Lines, records: int = 1) -> asyncio.Future[None] | None:
        """Have whole lines written.

        Parameters
        ----------
        lines
            One JSON object a line, each ended by a newline; or predictions, which become such.
        records
            How many lines these are.

        Returns
        -------
        Future
            Done once they are stored; it raises Unavailable when they are not acknowledged. None for an `async` log,
            which has acknowledged them: they are gathered.

        Raises
        ------
        Unavailable
            The lines are not acknowledged: the log is down, or too much waits for it already.
        """
        stream = self._streams.get(model)
        if stream is None:
            stream = self._streams[model] = _Stream(self._lane(model))
        if stream.is_down and stream.refuses(asyncio.get_running_loop().time()):
            self.lost += records
            raise Unavailable("The log could not be written a moment ago. Try again in a moment.")
        if self._queued + (len(lines) if isinstance(lines, bytes) else 0) > self._queue_bytes:
            self.lost += records
            raise Unavailable(f"More than {self._queue_bytes} bytes wait for the log. Send more slowly.")
        self._queued += stream.group.add(lines, records)
        stored = None if self._is_async else stream.join()
        if stream.task is None:
            stream.task = asyncio.get_running_loop().create_task(self._write_all(model, stream))
        return stored

    async def _write_all(self, model: str, stream: _Stream) -> None:
        """Append group after group until nothing waits."""
        try:
            while stream.group.records:
                await (asyncio.sleep(self._flush_s) if self._is_async else stream.gather())
                group, stream.group = stream.group, Group()
                await self._write(model, stream, group)
        finally:
            stream.task = None

    async def _write(self, model: str, stream: _Stream, group: Group) -> None:
        self._queued += group.write_out()
        size = sum(map(len, group.lines))
        hour = f"{self._clock().astimezone(UTC):%Y-%m-%d/%H}"
        loop = asyncio.get_running_loop()
        begun = loop.time()
        call = loop.run_in_executor(self._pool, _store, stream.lane, group, hour)
        await asyncio.wait({call}, timeout=self._deadline_s)
        stream.shared, stream.took_s = len(group.waiting), loop.time() - begun
        self._queued -= size
        error = self._outcome(model, call)
        stream.is_down = error is not None
        if error is None:
            group.answer(None)
            return
        if call.cancel():  # the thread may still be writing: it keeps its lane, this stream goes on with another
            stream.lane = self._lane(model)
        logger.warning("The %s log of model %s was not written: %s", self._kind, model, error)
        stream.closed_until = loop.time() + self._pause_s
        late, stream.group = stream.group, Group()  # had they come a moment later, they would be refused, too
        self._queued -= sum(map(len, late.lines))
        for failed in (group, late):
            self.lost += failed.records
            failed.answer(error)

    def _outcome(self, model: str, call: asyncio.Future[None]) -> Unavailable | None:
        if not call.done():
            return Unavailable(f"The log did not answer within {self._deadline_s:g} s. Try again in a moment.")
        failure = call.exception()
        if failure is None:
            return None
        if not isinstance(failure, EvergreenError):  # a mistake in this program must not leave requests waiting
            logger.error("Writing the %s log of model %s failed inside.", self._kind, model, exc_info=failure)
        return failure if isinstance(failure, Unavailable) else Unavailable(f"The log was not written: {failure}")

    def _lane(self, model: str) -> Lane:
        return Lane(self._storage, model, self._kind, lambda: f"{self._instance}-{next(self._numbers)}")


def _store(lane: Lane, group: Group, hour: str) -> None:
    """Write the lines of a group; raises what kept its records from becoming lines."""
    if group.failure is not None:
        raise group.failure
    lane.write(b"".join(group.lines), hour)
