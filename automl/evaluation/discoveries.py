"""Which of many tests found something, with a bound on the share of false ones among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def adjusted(p_values: Sequence[float]) -> npt.NDArray[np.float64]:
    """Adjusted p-values [M]: naming those up to a level keeps the expected share of false ones under the level.

    Benjamini, Y. and Hochberg, Y. (1995): Controlling the false discovery rate. JRSS B 57, 289–300. It holds for
    independent tests and for positively dependent ones, as columns that move together are.

    >>> adjusted([0.01, 0.04, 0.03, 0.5]).round(3).tolist()
    [0.04, 0.053, 0.053, 0.5]
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given)[::-1]
    ranks = np.arange(len(given), 0, -1)
    found = np.empty_like(given)
    found[order] = np.minimum(1.0, np.minimum.accumulate(given[order] * len(given) / ranks))
    return found
