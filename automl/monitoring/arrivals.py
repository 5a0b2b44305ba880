"""How much truth came in each hour, and what it said: the history that new truth is held against."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import orjson

from automl.lake import cells, labels
from automl.monitoring.truths import Truths

MOST_LABELS = 100
"""Different labels of an hour that are counted apart; where there are more, their shares are not compared."""

MOST_SOURCES = 50
"""Different sources of an hour that are counted apart; where there are more, none is."""

MANY = "*"
"""Stands for sources that are too many; no source is called so."""


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
    sources
        The same of each source that named itself, as JSON objects.
    """

    n: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    total: float = 0.0
    squares: float = 0.0
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, truths: Truths, *, numeric: bool) -> Tally:
        """The tally of some truths."""
        parts = cls._numbers(truths) if numeric else cls._labels(truths)
        made = cls.sum(parts.values())
        made.sources = _few({source: part.to_json() for source, part in parts.items() if source})
        return made

    @classmethod
    def _numbers(cls, truths: Truths) -> dict[str, Tally]:
        """The tally of each source that sent numbers."""
        which, names = cells.distinct(truths.table.column("source").fill_null(""))
        given = cells.numbers(truths.table.column("truth_number"))[np.argsort(which, kind="stable")]
        parts = np.split(given, np.cumsum(np.bincount(which, minlength=len(names)))[:-1])
        return {name: cls._of_numbers(part.tolist()) for name, part in zip(names, parts, strict=True)}

    @classmethod
    def _of_numbers(cls, given: Sequence[float]) -> Tally:
        return cls(n=len(given), total=math.fsum(given), squares=math.fsum(value * value for value in given))

    @classmethod
    def _labels(cls, truths: Truths) -> dict[str, Tally]:
        """The tally of each source that sent labels."""
        columns = ["source", "truth", "truth_number"]
        groups = truths.table.select(columns).group_by(columns, use_threads=False).aggregate([([], "count_all")])
        sources, texts, numbers, counts = (column.to_pylist() for column in groups.columns)
        parts: dict[str, Tally] = {}
        for source, value, count in zip(sources, labels.values(texts, numbers), counts, strict=True):
            part, label = parts.setdefault(source or "", cls()), orjson.dumps(value).decode()
            part.n += count
            part.labels[label] = part.labels.get(label, 0) + count
        return parts

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
            for source, part in tally.sources.items():
                both = [cls(**made.sources[source])] if source in made.sources else []
                made.sources[source] = cls.sum([*both, cls(**part)]).to_json()
        made.sources = _few(made.sources)
        return made

    @property
    def names(self) -> list[str]:
        """Its sources; an empty name stands for all that named none."""
        unnamed = [""] if self.n > sum(part["n"] for part in self.sources.values()) else []
        return unnamed + [name for name in sorted(self.sources) if name != MANY]

    def part(self, source: str) -> Tally:
        """What came from one source; from none, for an empty name."""
        if source:
            return Tally(**self.sources.get(source, {}))
        return self.without(self.sources)

    def without(self, sources: Iterable[str]) -> Tally:
        """What is left without some sources."""
        gone = {source: self.part(source) for source in sources}
        labels = dict(self.labels)
        for part in gone.values():
            for label, count in part.labels.items():
                labels[label] -= count
        return Tally(
            n=self.n - sum(part.n for part in gone.values()),
            labels={label: count for label, count in labels.items() if count},
            total=self.total - math.fsum(part.total for part in gone.values()),
            squares=self.squares - math.fsum(part.squares for part in gone.values()),
            sources={source: part for source, part in self.sources.items() if source not in gone},
        )

    def count(self, label: str | None) -> int:
        """How many of a label there are; of all together for None."""
        return self.n if label is None else self.labels.get(label, 0)

    def to_json(self) -> dict[str, Any]:
        """This tally as a JSON object."""
        return asdict(self)


def _few(sources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The sources, all as one where they are too many, however they were put together."""
    if len(sources) <= MOST_SOURCES and MANY not in sources:
        return sources
    parts = [Tally(**part) for part in sources.values()]
    return {MANY: Tally.sum(parts).to_json()}


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
