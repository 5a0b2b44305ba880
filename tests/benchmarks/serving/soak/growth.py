"""Whether a process's memory grows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Sample = tuple[float, float]
"""Seconds, and MiB at that time."""


def grown(samples: Sequence[Sample]) -> float:
    """MiB gained over the later half of the samples, by the line through them: the earlier half is warm-up.

    0 for under four samples.

    >>> grown([(0, 90.0), (900, 100.0), (1800, 101.0), (2700, 102.0), (3600, 103.0)])
    2.0
    """
    later = samples[len(samples) // 2 :]
    if len(samples) < 4:
        return 0.0
    seconds, sizes = np.array(later).T
    return round(float(np.polyfit(seconds, sizes, 1)[0] * (seconds[-1] - seconds[0])), 3)
