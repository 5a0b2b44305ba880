"""How much a model's answers owe to each of its columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl.scoring.session import ModelSession
from automl.tensors import Tensors

MAX_ROWS = 2_000
"""Most holdout rows that are scored again for each column."""

MAX_CELLS = 200_000
"""Most rows times columns, so that a table of a thousand columns costs no more time than one of a hundred."""

MIN_ROWS = 100


def importances(
    session: ModelSession, holdout: Tensors, target: npt.NDArray[Any], *, seed: int
) -> dict[str, float] | None:
    """The share of each column in what the model knows; they add up to 1.

    It is the loss that is added when the column's values are shuffled among the holdout rows, through the exported
    model: log loss for classes, absolute error for numbers. (Breiman, L. (2001): Random forests. Machine Learning 45;
    for any model: Fisher, Rudin and Dominici (2019), JMLR 20.) Columns that say the same look less important each
    than they are together.

    Parameters
    ----------
    target
        Class codes [N], or numbers.

    Returns
    -------
    By column name; None when no column matters, as in a model that always gives the same answer.
    """
    features = session.signature.features
    rows = min(len(holdout), MAX_ROWS, max(MIN_ROWS, MAX_CELLS // len(features)))
    rng = np.random.default_rng(seed)
    kept = rng.choice(len(holdout), rows, replace=False)
    shuffled = rng.permutation(rows)
    given, truth = holdout[kept], target[kept]
    before = _loss(session, given, truth)
    added: dict[str, float] = {}
    numbers, categories = iter(range(given.num.shape[1])), iter(range(given.cat.shape[1]))
    for feature in features:
        if feature.is_numeric:
            changed = Tensors(num=_with_shuffled(given.num, next(numbers), shuffled), cat=given.cat)
        else:
            changed = Tensors(num=given.num, cat=_with_shuffled(given.cat, next(categories), shuffled))
        added[feature.name] = max(0.0, _loss(session, changed, truth) - before)
    total = sum(added.values())
    return {name: value / total for name, value in added.items()} if total > 0 else None


def _with_shuffled(tensor: npt.NDArray[Any], column: int, order: npt.NDArray[Any]) -> npt.NDArray[Any]:
    changed = tensor.copy()
    changed[:, column] = tensor[order, column]
    return changed


def _loss(session: ModelSession, tensors: Tensors, truth: npt.NDArray[Any]) -> float:
    scores = session.score(tensors)
    if scores.probabilities is None:
        return float(np.mean(np.abs(np.asarray(scores.labels, dtype=np.float64) - truth)))
    of_truth = scores.probabilities[np.arange(len(truth)), truth]
    return float(-np.mean(np.log(np.clip(of_truth, 1e-6, 1.0))))
