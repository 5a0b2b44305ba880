"""Numbers centred and scaled in double, before they become float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.export.graph import Graph

LIMIT = 1e6
"""Scaled values are clipped to ±LIMIT spreads: keeps 1e300 finite in float32, far beyond what any split separates."""

_NORMAL_SPREAD = 3.29
"""Distance of the 5th and 95th percentile of a normal distribution, in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaling:
    """`(value - center) / spread`, clipped, as float32.

    Centring in double first is what lets ids of 1e9 and epoch seconds survive float32, which has 24 bits.

    Parameters
    ----------
    center, spread
        float64 [C]; every spread is positive and finite.
    """

    center: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, values: npt.NDArray[np.float64]) -> Scaling:
        """Median and spread of each column of `values`, float64 [N, C]; NaN are left out."""
        pairs = [_center_and_spread(values[:, column]) for column in range(values.shape[1])]
        table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
        return cls(center=table[:, 0], spread=table[:, 1])

    def emit(self, graph: Graph, values: str) -> str:
        """The name of the scaled float32 tensor; `values` must be free of NaN."""
        # Divide, not multiply by the reciprocal: that is infinite for a spread of 1e-310, and 0 * inf is NaN.
        centered = graph.op("Sub", values, graph.constant(self.center))
        scaled = graph.op("Div", centered, graph.constant(self.spread))
        clipped = graph.op("Clip", scaled, graph.constant(np.float64(-LIMIT)), graph.constant(np.float64(LIMIT)))
        return graph.cast(clipped, np.float32)


def _center_and_spread(column: npt.NDArray[np.float64]) -> tuple[float, float]:
    known = column[~np.isnan(column)]
    if not len(known):
        return 0.0, 1.0
    largest = float(np.abs(known).max()) or 1.0
    small = known / largest  # squares and differences of 1e300 would overflow
    center = float(np.median(small))
    # Percentiles, because one stray 1e300 would make a standard deviation that flattens every other value to zero.
    low, high = np.quantile(small, [0.05, 0.95])
    for spread in ((high - low) / _NORMAL_SPREAD, np.sqrt(np.mean((small - center) ** 2))):
        scaled = float(spread) * largest
        if scaled > 0.0 and np.isfinite(scaled):
            return _exact_median(known), scaled
    return _exact_median(known), 1.0


def _exact_median(known: npt.NDArray[np.float64]) -> float:
    middle = np.sort(known)[[(len(known) - 1) // 2, len(known) // 2]]
    return float(middle[0] / 2 + middle[1] / 2) if middle[0] != middle[1] else float(middle[0])
