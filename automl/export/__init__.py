"""From a fitted FLAML model to one ONNX graph that gives the same answers, or a refusal.

`prep` turns raw tensors into the matrix estimators train on, as ONNX nodes; `build` puts an estimator's own graph
behind it; `parity` compares the result with FLAML and refuses what differs.

This module stays light: reading `SUPPORTED` imports neither onnx nor an estimator.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

Task = Literal["classification", "regression"]

_BOTH: tuple[Task, ...] = ("classification", "regression")
_CLASSES: tuple[Task, ...] = ("classification",)
_NUMBERS: tuple[Task, ...] = ("regression",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """Where the converter of one FLAML estimator lives, and the tasks it is exact for.

    Parameters
    ----------
    module
        A module of this package that holds `FAMILIES`.
    chosen
        Tasks for which FLAML's `auto` tries it.
    needs
        A package that is not among the requirements.
    """

    module: str
    tasks: tuple[Task, ...] = _BOTH
    chosen: tuple[Task, ...] = ()
    needs: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether what it needs is installed."""
        return self.needs is None or find_spec(self.needs) is not None


KNOWN = {
    "lgbm": Exportable(module="lightgbm", chosen=_BOTH),
    "rf": Exportable(module="forest", chosen=_BOTH),
    "xgboost": Exportable(module="xgboost", chosen=_BOTH),
    "extra_tree": Exportable(module="forest", chosen=_BOTH),
    "xgb_limitdepth": Exportable(module="xgboost", chosen=_BOTH),
    "sgd": Exportable(module="linear", chosen=_BOTH),
    "catboost": Exportable(module="catboost", chosen=_BOTH, needs="catboost"),
    "lrl1": Exportable(module="linear", tasks=_CLASSES, chosen=_CLASSES),
    "lrl2": Exportable(module="linear", tasks=_CLASSES),
    "svc": Exportable(module="linear", tasks=_CLASSES),
    "enet": Exportable(module="linear", tasks=_NUMBERS),
    "lassolars": Exportable(module="linear", tasks=_NUMBERS),
    "histgb": Exportable(module="histgb"),
}
"""FLAML's estimator names and their converters. One more estimator is one more row, and perhaps one more module."""

ESTIMATORS = {name: estimator for name, estimator in KNOWN.items() if estimator.is_here}
"""Those whose library is installed."""

SUPPORTED: dict[Task, tuple[str, ...]] = {
    task: tuple(name for name, estimator in ESTIMATORS.items() if task in estimator.tasks) for task in _BOTH
}
"""FLAML estimator names that can be exported, by task."""

CHOSEN: dict[Task, tuple[str, ...]] = {
    task: tuple(name for name, estimator in ESTIMATORS.items() if task in estimator.chosen) for task in _BOTH
}
"""What is tried when nothing is asked for: FLAML's own choice."""
