"""Model versions in memory, as many as fit."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from automl.errors import EvergreenError, NotFound, Unavailable
from automl.events import Clock
from automl.scoring.once import Once
from automl.scoring.session import ModelSession

RETRY = timedelta(seconds=60)
"""A version that must not answer is read again after this long: its files may have been restored."""

_REFUSALS = 256
"""How many refused versions are remembered."""

Key = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class _Entry:
    """A version in memory, and when it was used last, counted in uses."""

    session: ModelSession
    used: int


class Sessions:
    """Model versions by model and version; the one not used for longest makes room for a new one.

    A version that is put out while it answers goes on to the end of its answer: whoever scores holds it. What is kept
    of a version that must not answer is the reason, for `RETRY`, so that asking for it costs no reading.

    Parameters
    ----------
    load
        Reads a version from storage and proves it, in the caller's thread.
    limit_bytes
        What all sessions together may take, by their `memory_bytes`. The newest one stays, whatever it takes.
    """

    def __init__(self, load: Callable[[str, str], ModelSession], limit_bytes: int, clock: Clock) -> None:
        self._load = load
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._once: Once[Key, ModelSession] = Once()
        self._lock = threading.Lock()
        self._uses = itertools.count()
        self._entries: dict[Key, _Entry] = {}
        self._refused: dict[Key, tuple[EvergreenError, datetime]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def cached(self, model: str, version: str) -> ModelSession | None:
        """The version, if it is in memory. Takes no lock: it is on the path of every score."""
        entry = self._entries.get((model, version))
        if entry is None:
            return None
        entry.used = next(self._uses)
        return entry.session

    def get(self, model: str, version: str) -> ModelSession:
        """The version, read from storage when it is not in memory.

        Raises
        ------
        Unfit, Corrupt, NotFound
            The version must not answer, or there is none.
        Unavailable
            Storage could not be read.
        """
        if (session := self.cached(model, version)) is not None:
            return session
        return self._once((model, version), lambda: self._loaded((model, version)))

    def forget(self, model: str, version: str) -> None:
        """Put a version out of memory, if it is there."""
        with self._lock:
            self._entries.pop((model, version), None)

    def _loaded(self, key: Key) -> ModelSession:
        if (session := self.cached(*key)) is not None:
            return session  # by the thread that was first
        error, until = self._refused.get(key, (None, None))
        if error is not None and until is not None and self._clock() < until:
            raise error
        try:
            session = self._load(*key)
        except (NotFound, Unavailable):
            raise
        except EvergreenError as refusal:
            self._remember(key, refusal)
            raise
        self._keep(key, session)
        return session

    def _keep(self, key: Key, session: ModelSession) -> None:
        with self._lock:
            self._refused.pop(key, None)
            self._entries[key] = _Entry(session=session, used=next(self._uses))
            while len(self._entries) > 1 and self._size_bytes() > self._limit_bytes:
                del self._entries[min(self._entries, key=lambda each: self._entries[each].used)]

    def _remember(self, key: Key, refusal: EvergreenError) -> None:
        with self._lock:
            self._refused.pop(key, None)  # goes to the end: the oldest are forgotten first
            self._refused[key] = (refusal, self._clock() + RETRY)
            while len(self._refused) > _REFUSALS:
                del self._refused[next(iter(self._refused))]

    def _size_bytes(self) -> int:
        return sum(entry.session.memory_bytes for entry in self._entries.values())
