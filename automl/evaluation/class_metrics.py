"""The metrics of a classifier out of its sums, each with a 95% interval, under scikit-learn's names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.evaluation.class_sums import ClassSums
from automl.evaluation.intervals import Z95, wilson
from automl.evaluation.measured import Measured, of_mean

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float, float]
"""Value, low, high."""


def measure(kept: ClassSums, sums: Floats) -> list[Measured]:
    """Every metric that can be told of some rows; nothing of none."""
    confusion = kept.confusion(sums)
    n = float(confusion.sum())
    if not n:
        return []
    found = [accuracy(confusion), balanced_accuracy(confusion), f1(confusion)]
    scored = kept.scalar(sums, "scored")
    if scored:
        found += [
            of_mean("log_loss", scored, kept.scalar(sums, "log_loss"), kept.scalar(sums, "log_loss_squares")),
            of_mean("brier_score", scored, kept.scalar(sums, "brier"), kept.scalar(sums, "brier_squares")),
            calibration_error(kept.groups(sums)),
        ]
        area = roc_auc(kept.binned(sums))
        found += [area] if area else []
    return found


def accuracy(confusion: Floats) -> Measured:
    """Share of the rows whose class is right, by Wilson's interval."""
    n = float(confusion.sum())
    value = float(np.trace(confusion)) / n
    return _measured("accuracy", n, (value, *wilson(value, n)))


def balanced_accuracy(confusion: Floats) -> Measured:
    """Mean of the recalls of the classes that occurred; their variances add up, as the classes' rows are apart."""
    rows = confusion.sum(axis=1)
    seen = rows > 0
    recalls = np.diag(confusion)[seen] / rows[seen]
    value = float(recalls.mean())
    # Jeffreys' half keeps a recall of 0 or 1 from counting as certain
    smooth = (np.diag(confusion)[seen] + 0.5) / (rows[seen] + 1)
    spread = Z95 * math.sqrt(float((smooth * (1 - smooth) / rows[seen]).sum())) / len(recalls)
    return _measured(
        "balanced_accuracy", float(rows.sum()), (value, max(0.0, value - spread), min(1.0, value + spread))
    )


def f1(confusion: Floats) -> Measured:
    """F1 of the second of two classes, else the mean over the classes that occurred or were answered.

    F1 = 2J / (1 + J), with J the share of hits among the rows that were of a class or answered so; the interval is
    Wilson's of J, put through the same function. Means of the ends are wider than the interval of the mean.
    """
    codes = [1] if len(confusion) == 2 else range(len(confusion))
    each = [found for code in codes if (found := _f1_of(confusion, code)) is not None]
    if not each:
        each = [(0.0, 0.0, 1.0)]
    name = "f1" if len(confusion) == 2 else "f1_macro"
    return _measured(name, float(confusion.sum()), _mean(each))


def roc_auc(binned: Floats) -> Measured | None:
    """Area under the ROC curve, one class against the rest; None where a class has no rows, or has all.

    The standard error is that of Hanley, J. A. and McNeil, B. J. (1982): The meaning and use of the area under a
    receiver operating characteristic (ROC) curve. Radiology 143, 29–36.
    """
    each = [_area(others, own) for others, own in binned if others.sum() and own.sum()]
    if not each or len(each) < len(binned):
        return None
    return _measured("roc_auc", float(binned[0].sum()), _mean(each))


def calibration_error(groups: Floats) -> Measured:
    """Expected calibration error over ten bins of the score: mean distance between score and what came true.

    Guo, Pleiss, Sun and Weinberger (2017): On calibration of modern neural networks, ICML. It is never negative, so
    it is above 0 for a perfect model, the more so the fewer rows there are, and no interval is given.
    """
    rows, scores, came = groups
    distance = float(np.abs(scores - came).sum() / rows.sum())
    return Measured(metric="expected_calibration_error", bigger_is_better=False, n=int(rows.sum()), value=distance)


def reliability(groups: Floats) -> list[dict[str, Any]]:
    """The reliability table: rows, mean score and share that came true, of each bin of the score that was used."""
    told: list[dict[str, Any]] = []
    for place, (rows, scores, came) in enumerate(groups.T.tolist()):
        if rows:
            low, high = wilson(came / rows, rows)
            ends = {"from": place / groups.shape[1], "to": (place + 1) / groups.shape[1]}
            told.append(
                ends | {"n": int(rows), "score": scores / rows, "true": came / rows, "low": low, "high": high}
            )
    return told


def _f1_of(confusion: Floats, code: int) -> Interval | None:
    hits = float(confusion[code, code])
    concerned = float(confusion[code].sum() + confusion[:, code].sum()) - hits
    if not concerned:
        return None
    value, low, high = (2 * share / (1 + share) for share in (hits / concerned, *wilson(hits / concerned, concerned)))
    return value, low, high


def _area(others: Floats, own: Floats) -> Interval:
    n, m = float(own.sum()), float(others.sum())
    below = np.cumsum(others) - others
    area = float((own * (below + others / 2)).sum() / (n * m))
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (n - 1) * (q1 - area**2) + (m - 1) * (q2 - area**2)) / (n * m)
    spread = Z95 * math.sqrt(max(0.0, variance))
    return area, max(0.0, area - spread), min(1.0, area + spread)


def _mean(each: Sequence[Interval]) -> Interval:
    value, low, high = np.mean(np.array(each), axis=0).tolist()
    return value, low, high


def _measured(metric: str, n: float, interval: Interval) -> Measured:
    value, low, high = interval
    return Measured(metric=metric, bigger_is_better=True, n=int(n), value=value, low=low, high=high)
