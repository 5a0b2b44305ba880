"""What was normal when a version was trained: the distributions of its columns and answers, and its loss."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.evaluation.intervals import wilson
from automl.evaluation.paired import Loss, absolute_errors
from automl.signature import Feature, Label, Signature
from automl.tensors import Tensors
from automl.values import MISSING

FORMAT = 2
"""Version of baseline.json; 1 had no number, no `importance` and no `score`, and is still read."""

BINS = 10
"""Bins of a number, by quantiles of the training rows."""

Z = 1.645
"""Standard normal quantile of a one-sided 95% bound."""


def baseline(
    signature: Signature,
    train: Tensors,
    *,
    truth: Sequence[Label | float],
    answers: Sequence[Label | float],
    probabilities: npt.NDArray[np.float64] | None = None,
    importance: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The contents of baseline.json.

    Parameters
    ----------
    signature
        As `infer.describe` completed it: its categories are the bins.
    train
        Rows trained on; their columns are the reference.
    truth, answers
        Of the holdout, through the exported model: the loss that monitoring compares with.
    probabilities
        float64 [N, classes] of the answers.
    importance
        Share of each column in what the model knows (`importance.importances`).
    """
    features: dict[str, Any] = {}
    number, category = iter(train.num.T), iter(train.cat.T)
    for feature in signature.features:
        own = _of_number(next(number)) if feature.is_numeric else _of_category(feature, next(category).tolist())
        share = importance[feature.name] if importance else None
        features[feature.name] = {"type": feature.type, "importance": share, **own}
    if signature.task == "regression":
        prediction = _of_number(np.asarray(answers, dtype=np.float64))
    else:
        counts = Counter(values.category(answer) for answer in answers)
        names = [values.category(label) for label in signature.classes]
        prediction = {"values": names, "counts": [counts[name] for name in names]}
    return {
        "format": FORMAT,
        "task": signature.task,
        "n": len(train),
        "loss": loss_of(signature, truth, answers),
        "features": features,
        "prediction": prediction,
        "score": None if probabilities is None else _of_number(score_of(probabilities)),
    }


def score_of(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """One number [N] for each answer's probabilities [N, classes]: of the second of two classes, else the largest."""
    column: npt.NDArray[np.float64] = (
        probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities.max(axis=1)
    )
    return column


def loss_of(signature: Signature, truth: Sequence[Any], answers: Sequence[Any]) -> dict[str, Any]:
    """The mean loss in [0, 1] and its upper 95% bound: Wilson's for classes, the normal one for numbers."""
    count = len(truth)
    if signature.task == "classification":
        mean = float(Loss(kind="error").of(truth, answers).mean())
        return {"kind": "error", "mean": mean, "upper": wilson_upper(mean, count), "clip": None, "n": count}
    clip = float(np.quantile(absolute_errors(truth, answers), 0.95))
    losses = Loss(kind="clipped_abs", clip=clip).of(truth, answers)
    mean, deviation = float(losses.mean()), float(losses.std(ddof=1)) if count > 1 else 1.0
    upper = min(1.0, mean + Z * deviation / math.sqrt(count))
    return {"kind": "clipped_abs", "mean": mean, "upper": upper, "clip": clip, "n": count}


def wilson_upper(share: float, count: int) -> float:
    """Upper end of Wilson's score interval, one-sided 95%.

    >>> round(wilson_upper(0.1, 2000), 4)
    0.1116
    """
    return wilson(share, count, Z)[1]


def _of_number(column: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Inner edges and the counts between them; a value on an edge belongs to the bin above it."""
    seen = column[~np.isnan(column)]
    quantiles = np.quantile(seen, np.linspace(0, 1, BINS + 1)[1:-1]) if len(seen) else np.empty(0)
    edges = np.unique(quantiles)
    counts = np.bincount(np.searchsorted(edges, seen, side="right"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "counts": counts.tolist(), "missing": len(column) - len(seen)}


def _of_category(feature: Feature, column: Sequence[str]) -> dict[str, Any]:
    counts = Counter(column)
    missing = counts.pop(MISSING, 0)
    kept = [counts[value] for value in feature.categories]
    other = len(column) - missing - sum(kept)
    return {"values": list(feature.categories), "counts": kept, "other": other, "missing": missing}
