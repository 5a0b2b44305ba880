"""Rows on both sides of where a classifier changes its mind.

A model without splits has no thresholds to stand beside, and its probabilities may be 0 or 1 almost everywhere, so
that a wrong weight shows on few rows: these.
"""

from __future__ import annotations

import numpy as np

from automl.export.adversarial import Matrix, RowSet
from automl.export.answers import Answers
from automl.export.stages import Stage

_PAIRS = 400
_HALVINGS = 30
"""Enough for two float32 rows to meet."""


def boundary_rows(stage: Stage, base: Matrix, rng: np.random.Generator) -> RowSet:
    """Rows between two of `base` with different labels, halved until they are neighbours; both ends of each.

    None when FLAML gives all rows one label, or none at all.
    """
    labels = stage.flaml(base).label
    first, second = (rng.integers(0, len(base), _PAIRS) for _ in range(2))
    if labels is None:
        return RowSet(name="boundary", rows=base[:0])
    differ = labels[first] != labels[second]
    first, second = first[differ], second[differ]
    here, there, mine = base[first], base[second], labels[first]
    for _ in range(_HALVINGS if len(first) else 0):
        middle = ((here.astype(np.float64) + there) / 2).astype(base.dtype)
        same = _labels(stage.flaml(middle)) == mine
        here, there = np.where(same[:, None], middle, here), np.where(same[:, None], there, middle)
    return RowSet(name="boundary", rows=np.concatenate([here, there]))


def _labels(answers: Answers) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if answers.label is None:
        raise ValueError("Expected the labels of a classifier, got values.")
    return answers.label
