"""Whether a process's memory grows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Sample = tuple[float, float]
"""Seconds, and MiB at that time."""


def slope(samples: Sequence[Sample]) -> float:
    """MiB an hour by the line through the later half of the samples: the earlier one is warm-up. 0 for under four.

    >>> slope([(0, 90.0), (900, 100.0), (1800, 101.0), (2700, 101.0), (3600, 101.0)])
    0.0
    """
    later = samples[len(samples) // 2 :]
    if len(samples) < 4:
        return 0.0
    seconds, sizes = np.array(later).T
    return round(float(np.polyfit(seconds, sizes, 1)[0]) * 3600, 3)
