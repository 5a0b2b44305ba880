"""Spans that make one trace of what leads to what: a monitor pass, the run it asks for, the promotion that follows.

A trace is carried as W3C `traceparent`, in run records and queue messages, so it outlives every process. See
www.w3.org/TR/trace-context.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

MOST = 1000
"""Ended spans that are kept until somebody takes them; where nobody does, the newest."""

_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One piece of work that has ended.

    Parameters
    ----------
    trace, identity, parent
        Hexadecimal, of 32, 16 and 16 digits; no parent: the span began the trace.
    begun_ns, ended_ns
        Unix nanoseconds.
    failure
        Name of the exception that ended it.
    """

    name: str
    trace: str
    identity: str
    parent: str | None
    begun_ns: int
    ended_ns: int
    attributes: Mapping[str, str]
    failure: str | None = None


class Tracer:
    """The spans of one process."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._ended: deque[Span] = deque(maxlen=MOST)

    @contextmanager
    def span(self, name: str, *, parent: str | None = None, **attributes: str) -> Iterator[str]:
        """A piece of work; its own `traceparent`, which is also `current()` while it lasts.

        Parameters
        ----------
        parent
            `traceparent` of what led to it; none: the span around it, or a new trace.
        """
        match = _PARENT.fullmatch(parent or current() or "")
        trace, above = (match[1], match[2]) if match else (secrets.token_hex(16), None)
        identity, begun_ns = secrets.token_hex(8), self._now_ns()
        own, failure = f"00-{trace}-{identity}-01", None
        token = _open.set((self, own))
        try:
            yield own
        except BaseException as error:
            failure = type(error).__name__
            raise
        finally:
            _open.reset(token)
            self._ended.append(
                Span(
                    name=name,
                    trace=trace,
                    identity=identity,
                    parent=above,
                    begun_ns=begun_ns,
                    ended_ns=self._now_ns(),
                    attributes=attributes,
                    failure=failure,
                )
            )

    def take(self) -> list[Span]:
        """The spans that have ended since the last time this was called."""
        return [self._ended.popleft() for _ in range(len(self._ended))]


_open: ContextVar[tuple[Tracer, str] | None] = ContextVar("open", default=None)


def current() -> str | None:
    """The `traceparent` of the innermost span that has not ended, if there is one."""
    found = _open.get()
    return None if found is None else found[1]


def within(name: str, *, parent: str | None = None, **attributes: str) -> AbstractContextManager[str | None]:
    """A span of the tracer whose span is open here; where none is, nothing."""
    found = _open.get()
    return nullcontext() if found is None else found[0].span(name, parent=parent, **attributes)
