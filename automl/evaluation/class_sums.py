"""What is kept of a classifier's labelled rows: one vector of sums, so that rows are added and taken away again.

Scores are kept in bins of 1%; ROC AUC is that of the binned scores (ties within a bin count half). Of two classes the
score is that of the second; of more, each class has its own, as far as there are at most `MOST_CLASSES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 100
"""Bins of a score."""

GROUPS = 10
"""Bins of the reliability table."""

MOST_CLASSES = 20
"""Classes beyond which ROC AUC is not kept."""

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer[Any]]

_SCALARS = (
    "scored",
    "log_loss",
    "log_loss_squares",
    "brier",
    "brier_squares",
    "expected",
    "expecting",
    "expected_right",
)


@dataclass(frozen=True, slots=True)
class ClassSums:
    """The sums of a number of classes, and where each is in the vector.

    Parameters
    ----------
    classes
        At least 2.
    """

    classes: int

    @property
    def scores(self) -> int:
        """How many scores have bins."""
        return 1 if self.classes == 2 else self.classes if self.classes <= MOST_CLASSES else 0

    @property
    def size(self) -> int:
        """Length of the vector."""
        return self.classes**2 + len(_SCALARS) + 2 * BINS * self.scores + 3 * GROUPS

    def of(
        self, truth: Codes, predicted: Codes, probabilities: Floats | None = None, expected: Floats | None = None
    ) -> Floats:
        """The vector of some rows.

        Parameters
        ----------
        truth, predicted
            Class codes [N].
        probabilities
            [N, classes]; rows of NaN where there are none.
        expected
            [N]: the calibrated probability of the predicted class; NaN where there is none.
        """
        confusion = np.bincount(truth * self.classes + predicted, minlength=self.classes**2).astype(np.float64)
        scalars = dict.fromkeys(_SCALARS, 0.0)
        binned, groups = np.zeros(2 * BINS * self.scores), np.zeros(3 * GROUPS)
        if probabilities is not None:
            has = ~np.isnan(probabilities[:, 0])
            truth, predicted, probabilities = truth[has], predicted[has], probabilities[has]
            scalars |= _losses(truth, probabilities)
            binned, groups = self._binned(truth, probabilities), self._groups(truth, probabilities)
            if expected is not None:
                known = ~np.isnan(expected[has])
                scalars["expecting"] = float(known.sum())
                scalars["expected"] = float(expected[has][known].sum())
                scalars["expected_right"] = float((truth == predicted)[known].sum())
        return np.concatenate([confusion, list(scalars.values()), binned, groups])

    def confusion(self, sums: Floats) -> Floats:
        """Rows by class [truth, predicted]."""
        return sums[: self.classes**2].reshape(self.classes, self.classes)

    def scalar(self, sums: Floats, name: str) -> float:
        """One of the sums by its name."""
        return float(sums[self.classes**2 + _SCALARS.index(name)])

    def binned(self, sums: Floats) -> Floats:
        """Rows [scores, others or own, bins] by their score, of other classes and of the score's own."""
        start = self.classes**2 + len(_SCALARS)
        return sums[start : start + 2 * BINS * self.scores].reshape(self.scores, 2, BINS)

    def groups(self, sums: Floats) -> Floats:
        """[3, groups]: rows, sum of their scores, rows for which the score came true."""
        return sums[-3 * GROUPS :].reshape(3, GROUPS)

    def _binned(self, truth: Codes, probabilities: Floats) -> Floats:
        codes = range(1, 2) if self.classes == 2 else range(self.scores)
        found = np.zeros((self.scores, 2, BINS))
        for place, code in enumerate(codes):
            bins = _bin(probabilities[:, code], BINS)
            for own in (0, 1):
                found[place, own] = np.bincount(bins[(truth == code) == own], minlength=BINS)
        return found.reshape(-1)

    def _groups(self, truth: Codes, probabilities: Floats) -> Floats:
        if self.classes == 2:
            score, came = probabilities[:, 1], truth == 1
        else:
            score, came = probabilities.max(axis=1), truth == probabilities.argmax(axis=1)
        group = _bin(score, GROUPS)
        weights = (None, score, came.astype(np.float64))
        return np.concatenate([np.bincount(group, weights=weight, minlength=GROUPS) for weight in weights])


def _losses(truth: Codes, probabilities: Floats) -> dict[str, float]:
    """Sums of log loss and Brier score as scikit-learn defines them: of two classes, Brier counts the second."""
    tiny = np.finfo(np.float64).eps
    rows = np.arange(len(truth))
    losses = -np.log(np.clip(probabilities[rows, truth] / probabilities.sum(axis=1), tiny, 1 - tiny))
    if probabilities.shape[1] == 2:
        distances = (probabilities[:, 1] - (truth == 1)) ** 2
    else:
        hits = np.zeros_like(probabilities)
        hits[rows, truth] = 1.0
        distances = ((probabilities - hits) ** 2).sum(axis=1)
    return {
        "scored": float(len(truth)),
        "log_loss": float(losses.sum()),
        "log_loss_squares": float((losses**2).sum()),
        "brier": float(distances.sum()),
        "brier_squares": float((distances**2).sum()),
    }


def _bin(scores: Floats, bins: int) -> npt.NDArray[np.int64]:
    return np.clip((scores * bins).astype(np.int64), 0, bins - 1)
