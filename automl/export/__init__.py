"""From a fitted FLAML model to one ONNX graph that gives the same answers, or a refusal.

`prep` turns raw tensors into the matrix estimators train on, as ONNX nodes; `build` puts an estimator's own graph
behind it; `parity` compares the result with FLAML and refuses what differs.

This module stays light: reading `SUPPORTED` imports neither onnx nor an estimator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal["classification", "regression"]

_BOTH: tuple[Task, ...] = ("classification", "regression")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """Where the converter of one FLAML estimator lives, and the tasks it is exact for.

    Parameters
    ----------
    module
        A module of this package that holds a `FAMILY`.
    """

    module: str
    tasks: tuple[Task, ...] = _BOTH


ESTIMATORS = {
    "lgbm": Exportable(module="lightgbm"),
    "rf": Exportable(module="forest"),
    "xgboost": Exportable(module="xgboost"),
    "extra_tree": Exportable(module="forest"),
    "xgb_limitdepth": Exportable(module="xgboost"),
    "lrl1": Exportable(module="linear", tasks=("classification",)),
}
"""FLAML's estimator names and their converters. One more estimator is one more module and one more row."""

SUPPORTED: dict[Task, tuple[str, ...]] = {
    task: tuple(name for name, estimator in ESTIMATORS.items() if task in estimator.tasks) for task in _BOTH
}
"""FLAML estimator names that can be exported, by task."""
