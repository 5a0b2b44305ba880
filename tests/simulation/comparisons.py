"""One challenger judged, and one new champion watched, on paired losses, through the code that decides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.evaluation.betting import Wealth, bet
from automl.evaluation.paired import Difference
from automl.evaluation.sequential import LOOKS, Plan, look
from automl.monitoring.shadow import ALPHA
from automl.spec_sections import Promotion

RULES = Promotion()
"""A spec that says nothing of it."""

BETTER = Plan(rule="better", rows=RULES.rows)
NO_WORSE = Plan(rule="no_worse", rows=RULES.alarm_rows, margin=RULES.margin)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two models on the same rows.

    Parameters
    ----------
    gain
        How much more accurate the second is.
    discordance
        Share of the rows on which just one of them is right.
    """

    gain: float
    discordance: float = 0.12

    def losses(self, rows: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Of the first and the second model [rows]."""
        draw = rng.random(rows)
        second_right = (self.discordance + self.gain) / 2
        first, second = draw < second_right, (draw >= second_right) & (draw < self.discordance)
        return first.astype(np.float64), second.astype(np.float64)


def promoted(plan: Plan, pair: Pair, seed: int) -> float:
    """The row at which the second model is promoted, infinity where the first stays."""
    first, second = pair.losses(plan.rows, np.random.default_rng(seed))
    for number in range(1, LOOKS + 1):
        rows = plan.rows_at(number)
        seen = look(plan, number, Difference.of(first[:rows], second[:rows]))
        if seen.verdict != "continue":
            return float(rows) if seen.verdict == "promote" else math.inf
    raise AssertionError("the last look always decides")


def rolled_back(pair: Pair, seed: int) -> float:
    """The row at which the second model, the new champion, is proved worse; infinity where it never is."""
    first, second = pair.losses(RULES.shadow_rows, np.random.default_rng(seed))
    reached = bet(Wealth(), second - first, ALPHA)[1]
    return math.inf if reached is None else float(reached)
