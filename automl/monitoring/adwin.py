"""Whether the loss has risen of late: ADWIN, an early "look into it" beside the alarm.

Bifet and Gavaldà, "Learning from time-changing data with adaptive windowing" (SIAM International Conference on Data
Mining, 2007). The window holds the losses since the last change. It is cut where the mean of its newer part differs
from that of its older part by more than chance allows, and the older part is forgotten. That finds changes both ways;
here only a rise is told. It knows no baseline, so a model that was bad from its first day never shows.

The paper forgets bucket by bucket until no cut is left, so that one change is found again and again while its
evidence grows; here all that is older than the clearest cut is forgotten at once. As in the paper, the window is an
exponential histogram: buckets of 1, 2, 4, … batches, a few of each size; a million losses take some eighty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

SAME_SIZE = 5
"""Buckets of one size, M in the paper; of one more the two oldest are merged. More make cuts finer, and cost time."""


class Bucket(NamedTuple):
    """Losses next to each other: how many, their sum, and the sum of their squares."""

    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Of the losses in it."""
        return self.total / self.n


class Rise(NamedTuple):
    """A change for the worse: after how many labels it was found, what was forgotten, and what is the window now."""

    labels: int
    before: Bucket
    since: Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The losses since the last change.

    Parameters
    ----------
    delta
        Confidence of each test for a change, divided among the places where a window may be cut.
    batch
        Losses of the smallest bucket, and between two tests.
    buckets
        Oldest first.
    labels
        Losses taken in, those that are forgotten included.
    rest
        Losses since the last test, fewer than `batch`.
    """

    delta: float
    batch: int = 50
    buckets: tuple[Bucket, ...] = ()
    labels: int = 0
    rest: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """This window as a JSON object."""
        return {**asdict(self), "buckets": [list(bucket) for bucket in self.buckets]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Window:
        """The window that `to_json` wrote."""
        buckets = tuple(Bucket(*bucket) for bucket in data["buckets"])
        return cls(**{**data, "buckets": buckets, "rest": tuple(data["rest"])})


def observe(window: Window, losses: npt.NDArray[np.float64]) -> tuple[Window, list[Rise]]:
    """Take in losses [N] in [0, 1], in the order their truths were accepted; the rises that were found on the way."""
    stream = np.concatenate([np.asarray(window.rest, dtype=np.float64), losses])
    used = len(stream) // window.batch * window.batch
    buckets, labels = list(window.buckets), window.labels - len(window.rest)
    rises: list[Rise] = []
    for batch in stream[:used].reshape(-1, window.batch):
        labels += window.batch
        buckets = _merged([*buckets, Bucket(window.batch, float(batch.sum()), float((batch**2).sum()))])
        place = _cut(np.array(buckets), window.delta) if len(buckets) > 1 else None
        if place is not None:
            before, since = _sum(buckets[:place]), _sum(buckets[place:])
            if since.mean > before.mean:
                rises.append(Rise(labels, before, since))
            buckets = buckets[place:]
    rest = tuple(float(loss) for loss in stream[used:])
    return replace(window, buckets=tuple(buckets), labels=labels + len(rest), rest=rest), rises


def _merged(buckets: list[Bucket]) -> list[Bucket]:
    """At most `SAME_SIZE` buckets of each size: of more, the two oldest become one of twice the size."""
    end = len(buckets)
    while end:
        size = buckets[end - 1].n
        start = end
        while start and buckets[start - 1].n == size:
            start -= 1
        if end - start <= SAME_SIZE:
            break  # larger ones have not grown in number
        buckets[start : start + 2] = [_sum(buckets[start : start + 2])]
        end = start + 1
    return buckets


def _cut(buckets: npt.NDArray[np.float64], delta: float) -> int | None:
    """Before which of the buckets [N, 3] to cut: where the means of the parts differ furthest beyond chance.

    The test of the paper's theorem 3.2: Bernstein's bound on the difference of two means, with δ' = δ/ln n.
    """
    n, total, squares = buckets.sum(axis=0)
    older_n, older_total, _ = buckets[:-1].cumsum(axis=0).T
    newer_n, newer_total = n - older_n, total - older_total
    inverse = 1 / older_n + 1 / newer_n
    variance = max(0.0, squares / n - (total / n) ** 2)
    log = math.log(2 * math.log(n) / delta)
    bound = np.sqrt(2 * inverse * variance * log) + 2 / 3 * inverse * log
    beyond = np.abs(older_total / older_n - newer_total / newer_n) - bound
    place = int(np.argmax(beyond))
    return place + 1 if beyond[place] > 0 else None


def _sum(buckets: list[Bucket]) -> Bucket:
    """One bucket of the losses of several."""
    n, total, squares = zip(*buckets, strict=True)
    return Bucket(sum(n), sum(total), sum(squares))
