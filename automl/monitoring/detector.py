"""Whether accuracy has fallen: an e-detector on the stream of losses.

Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection" (2023). At every
look a new bet is opened that the mean loss is above μ from here on; the value of all bets together is an e-process,
which exceeds 1/α with a chance of at most α in the whole life of a model whose mean loss is at most μ. μ is the upper
confidence bound of the holdout's loss, so a baseline measured on too few rows makes the detector slow, not wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

BETS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0)
"""Sizes λ of the bets; small ones find small changes, large ones are quick with large changes."""

FULL_POWER = 2000
"""Holdout rows from which the baseline's own noise no longer dominates the delay."""

_CEILING = 1e250
"""Where a bet's value stops growing, far above any threshold and far below overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """The state of the detector: six floats, a count and the labels that do not fill a batch yet.

    Its constants are part of it: what a spec says of them later holds for the next champion, as a bet whose terms
    change on the way proves nothing.

    Parameters
    ----------
    bound
        μ: the upper confidence bound of the holdout's mean loss.
    batch
        Labels between two looks. The rest waits in the state, so passes may cut the stream anywhere.
    horizon
        Looks over which half of the error is spread evenly.
    looks
        Batches seen.
    values
        Value of the bets of each size.
    rest
        Losses since the last look, fewer than `batch`.
    peak
        The largest e-value any look has seen.
    """

    bound: float
    batch: int = 50
    horizon: int = 1000
    looks: int = 0
    values: tuple[float, ...] = (0.0,) * len(BETS)
    rest: tuple[float, ...] = ()
    peak: float = 0.0

    @property
    def e_value(self) -> float:
        """The evidence that the mean loss is above the bound now; an alarm at 1/α."""
        return sum(self.values) / len(self.values)

    @property
    def labels(self) -> int:
        """Losses taken in."""
        return self.looks * self.batch + len(self.rest)

    def to_json(self) -> dict[str, Any]:
        """This state as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Detector:
        """The state that `to_json` wrote."""
        return cls(**{**data, "values": tuple(data["values"]), "rest": tuple(data["rest"])})


def weight(look: int, horizon: int) -> float:
    """How much is bet anew before look 1, 2, …; the sum over all looks is at most 1.

    Half is 1/(j(j+1)), which finds a model that is bad from its first day within a batch or two; half is even over
    the first `horizon` looks, which finds a change late in life sooner. Together they cost a factor of two in the
    e-value against the better of them, a few dozen labels.

    >>> round(sum(weight(look, 1000) for look in range(1, 100_000)), 4)
    1.0
    """
    even = 1 / horizon if look <= horizon else 0.0
    return 0.5 / (look * (look + 1)) + 0.5 * even


def observe(detector: Detector, losses: npt.NDArray[np.float64], alpha: float) -> tuple[Detector, int | None]:
    """Take in losses [N] in [0, 1], in the order their truths were accepted.

    Returns
    -------
    The new state, and how many of its labels had been seen at the first look among these that reached 1/α, if any.
    """
    stream = np.concatenate([np.asarray(detector.rest, dtype=np.float64), losses])
    used = len(stream) // detector.batch * detector.batch
    values, looks, peak = detector.values, detector.looks, detector.peak
    alarm: int | None = None
    for factors in _factors(detector, stream[:used].reshape(-1, detector.batch)):
        looks += 1
        more = weight(looks, detector.horizon)
        values = tuple(min((value + more) * factor, _CEILING) for value, factor in zip(values, factors, strict=True))
        e_value = sum(values) / len(values)
        peak = max(peak, e_value)
        if alarm is None and e_value >= 1 / alpha:
            alarm = looks * detector.batch
    rest = tuple(float(loss) for loss in stream[used:])
    return replace(detector, looks=looks, values=values, rest=rest, peak=peak), alarm


def _factors(detector: Detector, batches: npt.NDArray[np.float64]) -> list[list[float]]:
    """What each batch [looks, batch] multiplies the bets of each size by: `len(BETS)` numbers a look."""
    bets = np.minimum(np.asarray(BETS), 0.9 / max(detector.bound, 1e-9))  # keeps every factor positive
    excess = batches - detector.bound
    growth = np.stack([np.log1p(bet * excess).sum(axis=1) for bet in bets], axis=1)
    factors: list[list[float]] = np.exp(np.minimum(growth, 500)).tolist()
    return factors


def power(holdout_rows: int, fewest: int) -> str | None:
    """What is to be said about a baseline of so many holdout rows; None when there is nothing to say.

    Parameters
    ----------
    fewest
        Holdout rows under which there is nothing to compare with.

    >>> power(40, 100)
    'Too little to judge: the baseline was measured on 40 holdout rows, and the alarm needs at least 100.'
    """
    if holdout_rows < fewest:
        few = f"the baseline was measured on {holdout_rows} holdout rows"
        return f"Too little to judge: {few}, and the alarm needs at least {fewest}."
    if holdout_rows < FULL_POWER:
        few = f"the baseline was measured on {holdout_rows:,} holdout rows"
        return f"Reduced power: {few}; with {FULL_POWER:,} a fall would be found sooner."
    return None
