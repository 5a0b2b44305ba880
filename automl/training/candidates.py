"""Which rows a retraining may learn from: all, the newest, those of the last days, or the newer the likelier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MIN_WINDOW = 500
"""Fewest rows of a candidate."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A choice among rows in the order of their time.

    Parameters
    ----------
    rows
        How many of the newest are chosen from.
    half_life
        None: all of them are taken. Otherwise each is taken with a chance that halves every so many rows back: they
        are weighted by recency, in a way that every estimator, every metric and the holdout understand alike.
    """

    rows: int
    half_life: int | None = None

    @property
    def expected(self) -> float:
        """How many rows are taken, on average."""
        if self.half_life is None:
            return float(self.rows)
        ratio: float = 0.5 ** (1 / self.half_life)
        return float((1 - ratio**self.rows) / (1 - ratio))

    @property
    def text(self) -> str:
        """What it is, after "trained on"."""
        if self.half_life is None:
            return f"the newest {self.rows:,}"
        return f"a sample that thins by half every {self.half_life:,} rows"

    def places(self, total: int, *, seed: int) -> Places:
        """Positions of the rows taken among `total`, ascending; the same for the same seed."""
        newest = np.arange(total - self.rows, total)
        if self.half_life is None:
            return newest
        chances = 0.5 ** ((total - 1 - newest) / self.half_life)
        return newest[np.random.default_rng(seed).random(self.rows) < chances]


def windows(total: int, *, of_days: int) -> list[Candidate]:
    """All rows and the newest half, quarter, eighth and so on, and the labelled rows of the last days."""
    sizes = {total >> step for step in range(32)} | {of_days}
    return [Candidate(rows=size) for size in sorted(sizes, reverse=True) if MIN_WINDOW <= size <= total]


def weighted(total: int) -> list[Candidate]:
    """Samples that are the thinner, the older the rows: half-lives of a quarter of all, a sixteenth and so on."""
    lives = [total >> step for step in range(2, 32, 2) if (total >> step) * math.log2(math.e) >= MIN_WINDOW]
    return [Candidate(rows=total, half_life=life) for life in lives]


def with_every_class(target: npt.NDArray[np.generic], used: Places, *, classes: int, least: int) -> Places:
    """Positions of the rows used, and the newest others of every class they have fewer than `least` of.

    A class that the window has lost stays a class: its truth must still be understood.
    """
    others = np.ones(len(target), dtype=np.bool_)
    others[used] = False
    more: list[int] = []
    for label in range(classes):
        have = int((target[used] == label).sum())
        more += np.flatnonzero(others & (target == label))[::-1][: max(0, least - have)].tolist()
    return np.sort(np.concatenate([used, np.asarray(more, dtype=np.int64)]))
