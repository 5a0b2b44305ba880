"""The loss of one answer in [0, 1], and two models compared on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl import values

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How wrong one answer is, between 0 and 1.

    Parameters
    ----------
    kind
        `error`: 1 for a wrong class. `clipped_abs`: the absolute error divided by `clip`, at most 1, so that a few
        wild rows cannot pass for a change (windowed RMSE gives 92–99% false alarms where this gives 0.5–1.5%).
    clip
        The 95% quantile of the holdout's absolute errors, in the target's unit.
    """

    kind: Literal["error", "clipped_abs"]
    clip: float | None = None

    @classmethod
    def from_baseline(cls, loss: Mapping[str, Any]) -> Loss:
        """The loss that a version's baseline.json was measured in (its `loss` object)."""
        return cls(kind=loss["kind"], clip=loss.get("clip"))

    def of(self, truths: Sequence[Any], answers: Sequence[Any]) -> Floats:
        """The losses [N] of the answers."""
        if self.kind == "error":
            return np.fromiter(map(_differ, truths, answers), dtype=np.float64, count=len(truths))
        return self.scaled(absolute_errors(truths, answers))

    def scaled(self, errors: Floats) -> Floats:
        """Losses [N] of errors as `raw_errors` gives them."""
        if self.kind == "error":
            return errors
        if not self.clip:  # a holdout without any error: every error is as wrong as can be
            return (errors > 0).astype(np.float64)
        return np.minimum(errors / self.clip, 1.0)

    def raw_errors(self, truths: Sequence[Any], answers: Sequence[Any]) -> Floats:
        """What is kept of each row [N]: 0 or 1, or the absolute error in the target's unit."""
        return self.of(truths, answers) if self.kind == "error" else absolute_errors(truths, answers)


def absolute_errors(truths: Sequence[Any], answers: Sequence[Any]) -> Floats:
    """Distances [N] between numbers."""
    return np.abs(np.asarray(truths, dtype=np.float64) - np.asarray(answers, dtype=np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much better the second model is than the first, on the same rows.

    Parameters
    ----------
    mean
        Mean of (loss of the first − loss of the second), in [−1, 1]; positive when the second is better.
    error
        Standard error of the mean, from the sample variance of the paired differences.
    """

    n: int
    mean: float
    error: float

    @classmethod
    def of(cls, first: Floats, second: Floats) -> Difference:
        """The difference of two models' losses [N] on the same rows."""
        differences = first - second
        n = len(differences)
        error = float(np.std(differences, ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
        return cls(n=n, mean=float(differences.mean()) if n else 0.0, error=error)

    def z(self, *, above: float = 0.0) -> float:
        """How many standard errors the mean lies above a value; 0 for models that never differ from it."""
        distance = self.mean - above
        if self.error == 0:
            return 0.0 if distance == 0 else float(np.copysign(np.inf, distance))
        return distance / self.error


def _differ(truth: Any, answer: Any) -> bool:
    """Whether two labels differ as text: versions may hold the same class as 1 and as "1"."""
    return bool(truth != answer) and values.category(truth) != values.category(answer)
