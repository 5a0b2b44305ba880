"""What a spec lets a search choose from: the metric and estimators it names, if they can be had, or the defaults."""

from __future__ import annotations

import difflib
from typing import NoReturn

from automl.errors import InvalidInput, Problem
from automl.export import CHOSEN, SUPPORTED
from automl.export.refused import why_not
from automl.signature import Task
from automl.spec_sections import Search

METRICS: dict[Task, tuple[str, ...]] = {
    "classification": ("accuracy", "log_loss", "roc_auc", "roc_auc_ovr", "roc_auc_ovo", "f1", "micro_f1", "macro_f1"),
    "regression": ("r2", "rmse", "mse", "mae", "mape"),
}
"""FLAML's metrics that a spec may name, by task."""

_BINARY_ONLY = ("f1", "roc_auc")


def metric_for(settings: Search, task: Task, classes: int) -> str:
    """The metric that is optimised: the spec's, else roc_auc for two classes, log_loss for more, r2 for numbers.

    Raises
    ------
    InvalidInput
        When FLAML has no such metric for the task.
    """
    allowed = [name for name in METRICS[task] if classes == 2 or name not in _BINARY_ONLY]
    if settings.metric == "auto":
        return "r2" if task == "regression" else "roc_auc" if classes == 2 else "log_loss"
    if settings.metric not in allowed:
        _refuse("search.metric", settings.metric, ["auto", *allowed], task)
    return settings.metric


def estimators_for(settings: Search, task: Task) -> list[str]:
    """The estimators that are tried: the spec's, else FLAML's own choice of those that can be exported.

    Raises
    ------
    InvalidInput
        Naming the first that cannot be exported exactly.
    """
    for name in settings.estimator_list:
        if name not in SUPPORTED[task]:
            _refuse("search.estimator_list", name, list(SUPPORTED[task]), task, remedy=why_not(name, task))
    return list(settings.estimator_list or CHOSEN[task])


def _refuse(field: str, name: str, known: list[str], task: Task, remedy: str | None = None) -> NoReturn:
    if remedy is None:
        near = difflib.get_close_matches(name, known, n=1)
        remedy = f"Did you mean '{near[0]}'?" if near else "Choose one of them, or leave it out."
    raise InvalidInput.of(
        [Problem(field=field, expected=f"one of {', '.join(known)} for {task}", got=repr(name), remedy=remedy)]
    )
