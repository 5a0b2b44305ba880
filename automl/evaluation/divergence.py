"""How far two samples lie apart over the same bins, and how far chance alone would put them.

All of it takes counts [B], the reference first. With π the common distribution, n and m rows and no change, a second
order expansion gives PSI ≈ Σ(p − q)²/π and JS² ≈ Σ(p − q)²/(8π ln 2); and Σ(p − q)²/π is (1/n + 1/m) times a χ² of
B − 1 degrees of freedom (Pearson's two-sample statistic). So both are a χ² in other units:

- PSI: Yurdakul, B. and Naranjo, J. (2020): Statistical properties of the population stability index. Journal of Risk
  Model Validation 14(4).
- JS: Menéndez, Pardo, Pardo and Pardo (1997): The Jensen-Shannon divergence. Journal of the Franklin Institute 334,
  307–318.

At a million rows any difference is beyond chance, and at a hundred rows chance alone reaches a PSI of 0.2: neither
size nor p-value decides alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.integer[Any]]
_Weights = npt.NDArray[np.integer[Any]] | npt.NDArray[np.floating[Any]]
Floats = npt.NDArray[np.float64]

PRIOR = 0.5
"""Added to every count before PSI, which an empty bin would make infinite. Jeffreys' prior for a multinomial."""

LEVEL = 0.05
"""Chance of exceeding a bound when nothing has changed."""


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index: Σ (q − p) ln(q / p), 0 for equal shares and without a bound above.

    Siddiqi, N. (2006): Credit risk scorecards. By its convention less than 0.1 is no change, more than 0.2 is one.

    >>> round(psi(np.array([500, 500]), np.array([600, 400])), 3)
    0.04
    """
    p, q = _smoothed(reference), _smoothed(current)
    return float(np.sum((q - p) * np.log(q / p)))


def js(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance: the square root of the divergence in bits, 0 for equal shares, 1 for disjoint ones.

    Endres, D. and Schindelin, J. (2003): A new metric for probability distributions. IEEE Trans. Inf. Theory 49.

    >>> js(np.array([10, 0]), np.array([0, 10]))
    1.0
    """
    p, q = _shares(reference), _shares(current)
    middle = (p + q) / 2
    return math.sqrt(max(0.0, (_kl(p, middle) + _kl(q, middle)) / 2))


def ks(reference: Counts, current: Counts) -> float:
    """Kolmogorov-Smirnov distance of ordered bins: the largest gap between the two cumulative shares at an edge."""
    return float(np.abs(np.cumsum(_shares(reference)) - np.cumsum(_shares(current))).max())


def bounds(reference: Counts, current: Counts) -> tuple[float, float, float]:
    """What PSI, JS and KS stay under with a chance of 95% while nothing has changed.

    That of KS is Smirnov's for two samples without ties; binned samples stay under it more often.
    """
    from scipy.special import chdtri, kolmogi

    scale = _noise(reference, current)
    chi2 = float(chdtri(_degrees(reference, current), LEVEL))
    return scale * chi2, math.sqrt(scale * chi2 / (8 * math.log(2))), math.sqrt(scale) * float(kolmogi(LEVEL))


def p_value(reference: Counts, current: Counts) -> float:
    """The chance of a PSI this large while nothing has changed."""
    from scipy.special import chdtrc

    return float(chdtrc(_degrees(reference, current), psi(reference, current) / _noise(reference, current)))


def _noise(reference: Counts, current: Counts) -> float:
    """1/n + 1/m."""
    return 1 / float(reference.sum()) + 1 / float(current.sum())


def _degrees(reference: Counts, current: Counts) -> int:
    """Degrees of freedom: the bins in which anything was seen at all, less one."""
    return max(1, int(np.count_nonzero(reference + current)) - 1)


def _shares(counts: _Weights) -> Floats:
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _smoothed(counts: Counts) -> Floats:
    return _shares(counts + PRIOR)


def _kl(p: Floats, q: Floats) -> float:
    """Kullback-Leibler divergence in bits; a bin that p does not use adds nothing."""
    used = p > 0
    return float(np.sum(p[used] * np.log2(p[used] / q[used])))
