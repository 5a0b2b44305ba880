"""A metric's value with its bounds, and the bounds that several metrics share."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from automl.evaluation.intervals import Z95


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One metric over some rows.

    Parameters
    ----------
    metric
        Under scikit-learn's name for it.
    low, high
        Ends of the two-sided 95% interval; None where there is no honest one.
    """

    metric: str
    bigger_is_better: bool
    n: int
    value: float
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        """This measurement as a JSON object."""
        return asdict(self)


def of_mean(metric: str, n: float, total: float, squares: float, *, least: float = 0.0) -> Measured:
    """A mean loss of independent rows, by the normal approximation.

    Parameters
    ----------
    total, squares
        Sums of the losses and of their squares.
    least
        Under which the loss cannot fall.
    """
    value = total / n
    spread = Z95 * standard_error(n, total, squares)
    return Measured(
        metric=metric,
        bigger_is_better=False,
        n=int(n),
        value=value,
        low=max(least, value - spread),
        high=value + spread,
    )


def standard_error(n: float, total: float, squares: float) -> float:
    """Standard error of a mean; infinite for a single row."""
    if n < 2:
        return math.inf
    variance = max(0.0, squares - total * total / n) / (n - 1)
    return math.sqrt(variance / n)
