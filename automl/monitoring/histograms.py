"""What was predicted on, counted: one tally an hour and version, added up to days when it is older.

Tallies follow from the log alone, wherever passes cut it, so a lost state is counted again to the same numbers.
Packed, an hour of 30 columns is about 1 KB; two days of hours and 90 of days are kept.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.log.reader import hour_of
from automl.monitoring.drift_columns import NumberColumn
from automl.monitoring.drift_reference import Reference, References
from automl.monitoring.state import State

HOURS_KEPT = 48
"""Hours that are kept as hours; what is older is added to its day."""

DAYS_KEPT = 90

NAMES_KEPT = 3
"""Values never seen in training that are kept by name, of each column and period: the first of them as text sorts."""

NAME_LENGTH = 40
"""Characters of such a value that are kept."""


@dataclass(slots=True, kw_only=True, eq=False)
class Tally:
    """Some rows of one version, counted by its reference.

    Parameters
    ----------
    rows
        How many.
    slots
        int64 [S]: the counts of all columns (`Reference.starts`).
    low, high
        float64 [numbers]: the range seen of every column of numbers; NaN where there was none.
    expected
        float64 [classes²]: sums of calibrated probabilities, by true class and by answer; empty where there are none.
    new
        Values not known, of categories that had any.
    """

    rows: int
    slots: npt.NDArray[np.int64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    new: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def empty(cls, reference: Reference) -> Tally:
        """No row at all."""
        gaps = np.full(len(reference.numbers), np.nan)
        slots = np.zeros(reference.starts[-1], dtype=np.int64)
        expected = np.zeros(len(reference.signature.classes) ** 2 if reference.calibration else 0)
        return cls(rows=0, slots=slots, low=gaps, high=gaps.copy(), expected=expected)

    def add(self, other: Tally) -> None:
        """Count the rows of another tally, too."""
        self.rows += other.rows
        self.slots = self.slots + other.slots
        self.expected = self.expected + other.expected
        self.low, self.high = np.fmin(self.low, other.low), np.fmax(self.high, other.high)
        for name, found in other.new.items():
            self.note_new(name, found)

    def forget(self, reference: Reference, columns: frozenset[str]) -> None:
        """Count nothing of some columns."""
        self.slots, self.low, self.high = self.slots.copy(), self.low.copy(), self.high.copy()
        number = 0
        for column, start in zip(reference.columns, reference.starts, strict=False):
            if column.name in columns and column in reference.features:
                self.slots[start : start + len(column.reference)] = 0
                self.new.pop(column.name, None)
                if isinstance(column, NumberColumn):
                    self.low[number] = self.high[number] = np.nan
            number += isinstance(column, NumberColumn)

    def note_new(self, name: str, found: list[str]) -> None:
        """Remember values that are not known of a category."""
        if found:
            cut = {value[:NAME_LENGTH] for value in found}
            self.new[name] = sorted(cut.union(self.new.get(name, ())))[:NAMES_KEPT]

    def pack(self) -> dict[str, Any]:
        """This tally as a JSON object."""
        ends = np.concatenate([self.low, self.high]).astype("<f8")
        slots, expected = _text(self.slots.astype("<i8")), _text(self.expected.astype("<f8"))
        return {"rows": self.rows, "slots": slots, "ends": _text(ends), "expected": expected, "new": self.new}

    @classmethod
    def unpack(cls, data: Mapping[str, Any]) -> Tally:
        """The tally that `pack` wrote."""
        low, high = np.split(np.frombuffer(_bytes(data["ends"]), dtype="<f8"), 2)
        slots = np.frombuffer(_bytes(data["slots"]), dtype="<i8")
        new = {name: list(found) for name, found in data["new"].items()}
        expected = np.frombuffer(_bytes(data["expected"]), dtype="<f8")
        return cls(rows=data["rows"], slots=slots, low=low, high=high, expected=expected, new=new)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """The newest rows of a version that are told of together.

    Parameters
    ----------
    first, last
        Their periods: `YYYY-MM-DD/HH`, or `YYYY-MM-DD` for a day.
    """

    tally: Tally
    first: str
    last: str


def keep(state: State, found: Mapping[str, Mapping[str, Tally]], now: datetime) -> None:
    """Add what a pass has counted, by version and hour, and age what is kept."""
    first_hour = hour_of(now, shift=-HOURS_KEPT)
    first_day = hour_of(now, shift=-24 * DAYS_KEPT)[:10]
    for version, hours in found.items():
        kept = state.histograms.setdefault(version, {})
        state.predicted[version] = state.predicted.get(version, 0) + sum(tally.rows for tally in hours.values())
        for hour, tally in hours.items():
            _add(kept, hour if hour >= first_hour else hour[:10], tally)
    for version, kept in list(state.histograms.items()):
        for period in sorted(kept):
            if period < first_hour and len(period) > 10:
                _add(kept, period[:10], Tally.unpack(kept.pop(period)))
        for period in [period for period in kept if period[:10] < first_day]:
            del kept[period]
        if not kept:
            del state.histograms[version]


def forget(state: State, references: References, columns: frozenset[str]) -> None:
    """Take all that was counted of some columns out of what is kept."""
    for version, kept in state.histograms.items():
        reference = references.of(version)
        if reference is not None and columns.intersection(column.name for column in reference.features):
            for period, packed in kept.items():
                tally = Tally.unpack(packed)
                tally.forget(reference, columns)
                kept[period] = tally.pack()


def newest(state: State, version: str, *, hours: int, rows: int) -> Window | None:
    """The newest periods of a version that span so many hours and hold so many rows, as far as they are kept."""
    kept = state.histograms.get(version)
    if not kept:
        return None
    ordered = sorted(kept, reverse=True)
    tally = Tally.unpack(kept[ordered[0]])
    taken = ordered[:1]
    for period in ordered[1:]:
        if tally.rows >= rows and _hours_between(period, ordered[0]) >= hours:
            break
        tally.add(Tally.unpack(kept[period]))
        taken.append(period)
    return Window(tally=tally, first=taken[-1], last=taken[0])


def _hours_between(first: str, last: str) -> float:
    """Hours from the end of one period to the end of another."""
    return (_end(last) - _end(first)).total_seconds() / 3600


def _end(period: str) -> datetime:
    return datetime.strptime(period if len(period) > 10 else f"{period}/23", "%Y-%m-%d/%H")  # noqa: DTZ007  (UTC all)


def _add(kept: dict[str, Any], period: str, tally: Tally) -> None:
    if period in kept:
        whole = Tally.unpack(kept[period])
        whole.add(tally)
        tally = whole
    kept[period] = tally.pack()


def _text(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(array.tobytes())).decode()


def _bytes(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
