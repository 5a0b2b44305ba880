"""Probabilities put right by what came true on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A curve from score to probability: one for the second of two classes, else one for each class.

    Parameters
    ----------
    curves
        Knots (x, y) of each, x ascending. Between knots it is straight, beyond them level.
    """

    curves: tuple[tuple[Floats, Floats], ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """The curves of a calibration.json."""
        pairs = (
            (np.asarray(curve["x"], dtype=float), np.asarray(curve["y"], dtype=float)) for curve in data["curves"]
        )
        return cls(tuple(pairs))

    def of(self, probabilities: Floats) -> Floats:
        """Calibrated probabilities [N, classes], each row with a sum of 1; NaN stays NaN."""
        if len(self.curves) == 1:
            second = np.interp(probabilities[:, 1], *self.curves[0])
            return np.column_stack([1 - second, second])
        each = np.column_stack([np.interp(probabilities[:, code], *curve) for code, curve in enumerate(self.curves)])
        total = each.sum(axis=1, keepdims=True)
        return np.where(total > 0, each / np.where(total > 0, total, 1.0), probabilities)
