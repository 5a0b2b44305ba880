"""Arrays by hour that are too many for the state: each in a blob that never changes, and that the state names.

A pass reads the hours that it needs, and writes others in their place before it saves the state: so whichever pass
is the first to save, its state names blobs that are whole. What a saved state no longer names is removed at once;
what a pass wrote that never came to save is swept a day later, or in a month where it is of an hour long ago.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2s
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.monitoring.state import Lost, State
from automl.storage import CONTROL, Missing, Storage

Array = npt.NDArray[Any]

SWEPT_AFTER = timedelta(days=1)
"""Age at which a blob that no state names was left behind by a pass that died: no pass takes as long."""

SWEPT_IN_DAYS, SWEPT_DAILY = 30, 3
"""Days in which every day of the ledger is looked at once for such blobs, and how many of the newest are looked at
daily, since most are left behind there. So a sweep does not grow with the days."""

_AT_ONCE = 8
"""Blobs that are read or written at the same time."""

_MOMENT = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What is kept by hour under one name, with the type of its entries: a blob holds their bytes, and no more."""

    name: str
    dtype: np.dtype[Any]


class Ledger:
    """The hours that a state names, as one pass reads and changes them.

    Parameters
    ----------
    state
        Its `parts` are what `write` changes.
    now
        The moment of the pass. It is part of the names, so that no blob is written again once it may be removed.
    """

    def __init__(self, storage: Storage, model: str, state: State, now: datetime) -> None:
        self._storage = storage
        self._root = f"{model}/monitor/"
        self._state = state
        self._now = now
        self._known: dict[tuple[str, str], Array] = {}
        self._changed: set[tuple[str, str]] = set()
        self._replaced: list[str] = []
        self._swept: str | None = None

    def read(self, kind: Kind, hour: str) -> Array:
        """The entries of an hour (`YYYY-MM-DD/HH`), none where nothing was put. Raises Lost."""
        place = kind.name, hour
        if place not in self._known:
            part = self._state.parts.get(kind.name, {}).get(hour)
            self._known[place] = np.empty(0, kind.dtype) if part is None else self._load(kind, hour, part[1])
        return self._known[place]

    def fetch(self, kind: Kind, hours: Iterable[str]) -> None:
        """Read several hours at the same time. Raises Lost."""
        named = self._state.parts.get(kind.name, {})
        wanted = [hour for hour in hours if hour in named and (kind.name, hour) not in self._known]
        if len(wanted) > 1:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ledger") as pool:
                found = pool.map(lambda hour: self._load(kind, hour, named[hour][1]), wanted)
                self._known.update(zip([(kind.name, hour) for hour in wanted], found, strict=True))

    def put(self, kind: Kind, hour: str, entries: Array) -> None:
        """Have these entries in the place of an hour's. The state counts them from now on, and names them later."""
        self._known[kind.name, hour] = entries
        self._changed.add((kind.name, hour))
        parts = self._state.parts.setdefault(kind.name, {})
        parts[hour] = [len(entries), parts[hour][1] if hour in parts else ""]

    def drop(self, before: str) -> None:
        """Let go of the hours before one."""
        for kind, parts in self._state.parts.items():
            for hour in [hour for hour in parts if hour < before]:
                if name := parts.pop(hour)[1]:
                    self._replaced.append(self._blob(kind, hour, name))
        self._changed = {place for place in self._changed if place[1] >= before}

    def write(self) -> None:
        """Store what was put, and name it in the state; the state has to be saved next."""
        bodies = {place: self._known[place].tobytes() for place in sorted(self._changed)}
        names = {
            place: f"{self._now:{_MOMENT}}-{blake2s(body, digest_size=4).hexdigest()}"
            for place, body in bodies.items()
        }
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ledger") as pool:
            stored = [
                pool.submit(self._storage.put, CONTROL, self._blob(*place, names[place]), body)
                for place, body in bodies.items()
            ]
            for each in stored:
                each.result()
        for (kind, hour), name in names.items():
            part = self._state.parts[kind][hour]
            if part[1] not in ("", name):
                self._replaced.append(self._blob(kind, hour, part[1]))
            part[1] = name
        self._changed.clear()
        today = f"{self._now:%Y-%m-%d}"
        if self._state.swept != today:
            self._swept, self._state.swept = self._state.swept, today

    def tidy(self, *, everywhere: bool = False) -> None:
        """Remove what the saved state names no longer; once a day, what no state has ever named, too.

        Parameters
        ----------
        everywhere
            Look for that now, and whatever day it is of.
        """
        named = {
            self._blob(kind, hour, part[1])
            for kind, parts in self._state.parts.items()
            for hour, part in parts.items()
        }
        gone = self._replaced
        if everywhere or self._swept is not None:
            gone += self._left_behind("" if everywhere else self._swept or "")
        for name in gone:
            if name not in named:
                self._storage.delete(CONTROL, name)
        self._replaced, self._swept = [], None

    def _left_behind(self, swept: str) -> list[str]:
        """Blobs old enough to be swept, of the days whose turn has come since a day; of all days when it is empty."""
        today, oldest = self._now.date(), f"{self._now - SWEPT_AFTER:{_MOMENT}}"
        missed = (today - date.fromisoformat(swept)).days if swept else SWEPT_IN_DAYS
        turns = {(today.toordinal() - ago) % SWEPT_IN_DAYS for ago in range(min(missed, SWEPT_IN_DAYS))}
        newest = f"{today - timedelta(days=SWEPT_DAILY - 1)}"
        return [
            info.name
            for kind in self._storage.folders(CONTROL, self._root)
            for day in self._storage.folders(CONTROL, f"{self._root}{kind}/")
            if day >= newest or date.fromisoformat(day).toordinal() % SWEPT_IN_DAYS in turns
            for info in self._storage.find(CONTROL, f"{self._root}{kind}/{day}/")
            if info.name.rpartition("/")[2] < oldest
        ]

    def _load(self, kind: Kind, hour: str, name: str) -> Array:
        try:
            blob = self._storage.get(CONTROL, self._blob(kind.name, hour, name))
        except Missing as error:
            raise Lost(f"The monitor's {kind.name} of {hour} are gone: {error}") from error
        assert blob is not None  # noqa: S101  (no ETag was given)
        try:
            return np.frombuffer(blob.data, kind.dtype).copy()
        except ValueError as error:
            raise Lost(f"The monitor's {kind.name} of {hour} cannot be read: {error}") from error

    def _blob(self, kind: str, hour: str, name: str) -> str:
        return f"{self._root}{kind}/{hour}/{name}"
