"""What is kept of a regressor's labelled rows, as one vector of sums; and its metrics with their 95% intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.evaluation.intervals import Z95
from automl.evaluation.measured import Measured, of_mean, standard_error

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NumberSums:
    """Sums of the errors and of the truth.

    Parameters
    ----------
    center
        About where the truth lies. Squares are summed about it, or those of epoch seconds would lose their digits.
    """

    center: float = 0.0
    size: int = 8

    def of(self, truth: Floats, predicted: Floats) -> Floats:
        """The vector of some rows [N]: count, sums of |e|, e² and e⁴, and of powers 1 to 4 of the centered truth."""
        errors, about = np.abs(predicted - truth), truth - self.center
        sums = [errors.sum(), (errors**2).sum(), (errors**4).sum(), *((about**power).sum() for power in (1, 2, 3, 4))]
        return np.array([len(truth), *sums], dtype=np.float64)

    def measure(self, sums: Floats) -> list[Measured]:
        """MAE, RMSE and R² of some rows; nothing of none. The interval of RMSE is the root of that of its square."""
        n, absolute, squares, fourths = sums[:4].tolist()
        if not n:
            return []
        square = of_mean("mse", n, squares, fourths)
        assert square.low is not None and square.high is not None  # noqa: PT018, S101  (`of_mean` gives both)
        value, low, high = map(math.sqrt, (square.value, square.low, square.high))
        root = Measured(metric="rmse", bigger_is_better=False, n=int(n), value=value, low=low, high=high)
        share = _r2(n, squares, fourths, sums[4:] / n)
        return [of_mean("mae", n, absolute, squares), root, *([share] if share else [])]


def _r2(n: float, squares: float, fourths: float, moments: Floats) -> Measured | None:
    """R² = 1 − A/B with the mean square A and the variance B of the truth; None where the truth never varies.

    The interval is that of log(A/B) by the delta method, A and B taken as uncorrelated.

    Parameters
    ----------
    moments
        Means of the powers 1 to 4 of the truth about the center.
    """
    first, second, third, fourth = moments.tolist()
    variance = second - first**2
    if variance <= 1e-12 * second:
        return None
    central = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    mean = squares / n
    noise = (standard_error(n, squares, fourths) / mean) ** 2 if mean else 0.0
    noise += max(0.0, central / variance**2 - 1) / n
    ratio, factor = mean / variance, math.exp(min(50.0, Z95 * math.sqrt(noise)))
    return Measured(
        metric="r2", bigger_is_better=True, n=int(n), value=1 - ratio, low=1 - ratio * factor, high=1 - ratio / factor
    )
