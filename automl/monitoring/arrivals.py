"""How much truth came in each hour, and what it said: the history that new truth is held against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

MOST_LABELS = 100
"""Different labels of an hour that are counted apart; where there are more, their shares are not compared."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """The truths of some hours.

    Parameters
    ----------
    n
        How many, corrections and repeats included.
    labels
        How many of each, by their JSON; empty for a regression.
    total, squares
        Sums of the values and of their squares, for a regression.
    """

    n: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, truths: Iterable[Mapping[str, Any]], *, numeric: bool) -> Tally:
        """The tally of truth records."""
        given = [truth["truth"] for truth in truths]
        if numeric:
            return cls(n=len(given), total=math.fsum(given), squares=math.fsum(value * value for value in given))
        labels = {orjson.dumps(label).decode(): count for label, count in Counter(given).items()}
        return cls(n=len(given), labels=labels)

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """Several as one."""
        made = cls()
        for tally in tallies:
            made.n += tally.n
            made.total += tally.total
            made.squares += tally.squares
            for label, count in tally.labels.items():
                made.labels[label] = made.labels.get(label, 0) + count
        return made

    def to_json(self) -> dict[str, Any]:
        """This tally as a JSON object."""
        return asdict(self)


def moved(tally: Tally, history: Tally) -> float:
    """How far the labels of an hour are from those of a history, 0 to 1: the share that would have to be another.

    Half the sum of the differences of the shares (total variation distance).

    >>> moved(Tally(n=10, labels={"1": 9, "0": 1}), Tally(n=100, labels={"1": 50, "0": 50}))
    0.4
    """
    labels = tally.labels.keys() | history.labels.keys()
    if len(labels) > MOST_LABELS:
        return 0.0
    gaps = (abs(tally.labels.get(label, 0) / tally.n - history.labels.get(label, 0) / history.n) for label in labels)
    return round(sum(gaps) / 2, 12)


def deviations(tally: Tally, history: Tally) -> float:
    """How far the mean of an hour is from that of a history, in standard deviations of the history's values.

    >>> deviations(Tally(n=2, total=20.0, squares=200.0), Tally(n=4, total=4.0, squares=8.0))
    9.0
    """
    mean = history.total / history.n
    deviation = math.sqrt(max(0.0, history.squares / history.n - mean**2))
    gap = abs(tally.total / tally.n - mean)
    return gap / deviation if deviation else 0.0
