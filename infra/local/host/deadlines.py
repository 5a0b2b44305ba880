"""The time limit that all invocations share, kept by one alarm instead of one each."""

from __future__ import annotations

import asyncio
from typing import Any


class Deadlines:
    """Ends what runs too long: each invocation begins and ends here, in a task that runs one at a time.

    All may run equally long, so they run out in the order in which they began: the alarm looks at the oldest.

    Parameters
    ----------
    after_s
        How long one may run; None for ever.
    """

    def __init__(self, after_s: float | None) -> None:
        self._after_s = after_s
        self._until: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._alarm: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[Any] | None:
        """What `end` is to be called with. None where nothing runs out."""
        if self._after_s is None:
            return None
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - whatever awaits is in a task
        self._until[task] = until = loop.time() + self._after_s
        if self._alarm is None:
            self._alarm = loop.call_at(until, self._end_late_ones, loop)
        return task

    def end(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether the time of the invocation was over, which is why it was cancelled; False when asked again."""
        if task is None or self._until.pop(task, None) is not None or task not in self._late:
            return False
        self._late.discard(task)
        return task.uncancel() == 0  # else somebody else has cancelled it as well

    def _end_late_ones(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alarm = None
        while self._until:
            task = next(iter(self._until))
            if self._until[task] > loop.time():
                self._alarm = loop.call_at(self._until[task], self._end_late_ones, loop)
                return
            del self._until[task]
            self._late.add(task)
            task.cancel()
