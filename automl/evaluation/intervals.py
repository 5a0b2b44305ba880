"""Confidence intervals of shares and means."""

from __future__ import annotations

import math

Z95 = 1.96
"""Standard normal quantile of a two-sided 95% interval."""


def wilson(share: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share seen in `n` rows; (0, 1) without any row.

    Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference. JASA 22, 209–212. It
    keeps its promise near 0 and 1, where the normal approximation gives an interval without width.

    >>> [round(end, 4) for end in wilson(0.1, 2000)]
    [0.0876, 0.1139]
    """
    if n <= 0:
        return 0.0, 1.0
    middle = share + z**2 / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
