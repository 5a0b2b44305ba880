"""How good a model's answers are, under scikit-learn's names and with its definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that tells how good answers are.

    Parameters
    ----------
    of
        Its formula: (truth, answers) to a float. Truth holds class codes [N] or values [N]; answers hold class
        codes [N], probabilities [N, classes] or values [N], as the metric asks.
    """

    name: str
    bigger_is_better: bool
    of: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float]

    def better(self, one: float, other: float) -> bool:
        """Whether the first value is the better one."""
        return one > other if self.bigger_is_better else one < other


def accuracy(truth: Codes, predicted: Codes) -> float:
    """Share of the rows whose class is right."""
    return float(np.mean(truth == predicted))


def log_loss(truth: Codes, probabilities: Floats) -> float:
    """Mean negative log-likelihood of the true class; a probability of 0 counts as the smallest step above it."""
    tiny = np.finfo(np.float64).eps
    of_truth = probabilities[np.arange(len(truth)), truth] / probabilities.sum(axis=1)
    return float(-np.mean(np.log(np.clip(of_truth, tiny, 1 - tiny))))


def roc_auc(truth: Codes, probabilities: Floats) -> float:
    """Chance that a row of a class is ranked above a row of another; one against the rest, averaged over classes.

    Parameters
    ----------
    probabilities
        [N, classes]. With two classes, that of the second one counts. NaN unless every class occurs in `truth`
        and at least two do.
    """
    classes = probabilities.shape[1]
    if classes == 2:
        return _auc(truth == 1, probabilities[:, 1])
    return float(np.mean([_auc(truth == code, probabilities[:, code]) for code in range(classes)]))


def r2(truth: Floats, predicted: Floats) -> float:
    """Share of the truth's variance that the answers explain; NaN when the truth never varies."""
    total = float(np.sum((truth - truth.mean()) ** 2))
    return 1 - float(np.sum((truth - predicted) ** 2)) / total if total else float("nan")


def rmse(truth: Floats, predicted: Floats) -> float:
    """Root of the mean squared error, in the target's unit."""
    return float(np.sqrt(np.mean((truth - predicted) ** 2)))


def mae(truth: Floats, predicted: Floats) -> float:
    """Mean absolute error, in the target's unit."""
    return float(np.mean(np.abs(truth - predicted)))


ACCURACY = Metric(name="accuracy", bigger_is_better=True, of=accuracy)
ROC_AUC = Metric(name="roc_auc", bigger_is_better=True, of=roc_auc)
LOG_LOSS = Metric(name="log_loss", bigger_is_better=False, of=log_loss)
R2 = Metric(name="r2", bigger_is_better=True, of=r2)
RMSE = Metric(name="rmse", bigger_is_better=False, of=rmse)
MAE = Metric(name="mae", bigger_is_better=False, of=mae)

METRICS = {metric.name: metric for metric in (ACCURACY, ROC_AUC, LOG_LOSS, R2, RMSE, MAE)}


def classification(truth: Codes, predicted: Codes, probabilities: Floats | None) -> dict[str, float]:
    """Every metric of a classifier that can be told, by name.

    Parameters
    ----------
    truth, predicted
        Class codes [N]: positions in the signature's classes.
    probabilities
        [N, classes] in the same order.
    """
    found = {"accuracy": accuracy(truth, predicted)}
    if probabilities is not None:
        found |= {"roc_auc": roc_auc(truth, probabilities), "log_loss": log_loss(truth, probabilities)}
    return _told(found)


def regression(truth: Floats, predicted: Floats) -> dict[str, float]:
    """Every metric of a regressor that can be told, by name."""
    return _told({"r2": r2(truth, predicted), "rmse": rmse(truth, predicted), "mae": mae(truth, predicted)})


def codes(labels: Sequence[Any], classes: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Labels as positions in `classes`. Raises KeyError for a label that is none of them."""
    position = {label: code for code, label in enumerate(classes)}
    return np.fromiter((position[label] for label in labels), dtype=np.int64, count=len(labels))


def _auc(positive: npt.NDArray[np.bool_], scores: Floats) -> float:
    """Area under the curve as the Mann-Whitney statistic, ties counting half."""
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _told(found: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in found.items() if not np.isnan(value)}
