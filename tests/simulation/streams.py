"""A model's life, drawn by chance: the holdout it was measured on, and the losses of its labelled predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.evaluation.paired import Loss
from automl.signature import Signature, Task
from automl.training.baseline import loss_of

ERROR = 0.1
"""Of the models that classify; those that predict numbers err by Student's t with 3 degrees of freedom."""

SEASON = 2_500
"""Predictions of one season."""

DELAY, SPREAD = 500.0, 1.5
"""Median delay of a truth, in predictions, and the standard deviation of its logarithm."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What a life is like.

    Parameters
    ----------
    holdout_rows
        Rows the model was measured on before its life; they are drawn anew for each life.
    labels
        Labelled predictions of a life: 1,000 looks of 50.
    rise
        By how much the error rises at prediction `change`.
    season
        Half of what the error moves by within each season.
    partial
        Whether only 30% of the predictions ever get their truth, late and out of order.
    """

    holdout_rows: int
    task: Task = "classification"
    labels: int = 50_000
    rise: float = 0.0
    change: int = 0
    season: float = 0.0
    partial: bool = False


def baseline_of(stream: Stream, rng: np.random.Generator) -> dict[str, Any]:
    """The `loss` of the baseline that training would have written."""
    signature = Signature(features=(), target="y", task=stream.task, classes=())
    if stream.task == "regression":
        return loss_of(signature, rng.standard_t(3, stream.holdout_rows).tolist(), [0.0] * stream.holdout_rows)
    wrong = (rng.random(stream.holdout_rows) < ERROR).astype(int)
    return loss_of(signature, wrong.tolist(), [0] * stream.holdout_rows)


def losses_of(stream: Stream, baseline: dict[str, Any], rng: np.random.Generator) -> Floats:
    """Losses [labels], in the order in which their truths arrive."""
    share = 0.3 if stream.partial else 1.0
    predictions = np.arange(round(stream.labels / share))
    if stream.partial:
        delays = DELAY * np.exp(SPREAD * rng.standard_normal(len(predictions)))
        labelled = predictions[rng.random(len(predictions)) < share]
        predictions = labelled[np.argsort(labelled + delays[labelled], kind="stable")]
    if stream.task == "regression":
        return Loss.from_baseline(baseline).scaled(np.abs(rng.standard_t(3, len(predictions))))
    rates = ERROR + stream.season * np.sin(2 * np.pi * predictions / SEASON)
    rates = rates + stream.rise * (predictions >= stream.change)
    return (rng.random(len(predictions)) < rates).astype(np.float64)
