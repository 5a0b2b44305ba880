"""The time limit that all invocations share, kept by one alarm instead of one each."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self


class Deadlines:
    """Ends what runs too long. Used as a context by each invocation, in a task that runs one at a time.

    All may run equally long, so they run out in the order in which they began: the alarm looks at the oldest.

    Parameters
    ----------
    after_s
        How long one may run; None for ever.
    """

    def __init__(self, after_s: float | None) -> None:
        self._after_s = after_s
        self._until: dict[asyncio.Task[Any], float] = {}
        self._cancelled: set[asyncio.Task[Any]] = set()
        self._alarm: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        """Begin; in a task."""
        if self._after_s is not None:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None  # noqa: S101 - what awaits is in a task
            self._until[task] = until = loop.time() + self._after_s
            if self._alarm is None:
                self._alarm = loop.call_at(until, self._end_late_ones, loop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End. Raises TimeoutError where the time was over."""
        if self._after_s is None:
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._until.pop(task, None)
        if task in self._cancelled:
            self._cancelled.discard(task)
            if task.uncancel() == 0 and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _end_late_ones(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alarm = None
        while self._until:
            task = next(iter(self._until))
            if self._until[task] > loop.time():
                self._alarm = loop.call_at(self._until[task], self._end_late_ones, loop)
                return
            del self._until[task]
            self._cancelled.add(task)
            task.cancel()
