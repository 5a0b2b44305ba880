"""FLAML's estimators of a size that is worth measuring: boosters of 400 trees with 63 leaves."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_TREES = {"n_estimators": 400, "learning_rate": 0.05, "n_jobs": 1}
_CONFIGS: dict[str, dict[str, Any]] = {
    "lgbm": {**_TREES, "num_leaves": 63},
    "xgboost": {**_TREES, "max_leaves": 63},
    "xgb_limitdepth": {**_TREES, "max_depth": 6},
    "histgb": {"n_estimators": 400, "max_leaves": 63, "learning_rate": 0.05, "early_stopping": False},
    "catboost": {"n_estimators": 400, "n_jobs": 1, "allow_writing_files": False},
    "rf": {"n_estimators": 200, "max_leaves": 1000, "n_jobs": 1},
    "extra_tree": {"n_estimators": 200, "max_leaves": 1000, "n_jobs": 1},
    "sgd": {"loss": None, "max_iter": 200},
    "lrl1": {"max_iter": 20},
    "lrl2": {"max_iter": 200},
    "svc": {"C": 1.0, "max_iter": 100},
    "enet": {"alpha": 0.01},
    "lassolars": {"alpha": 0.01},
}


def native(name: str, classes: int) -> Any:
    """FLAML's wrapper of this name, not fitted; `classes` is 0 for a number.

    Multiclass boosters get 40 rounds: each round is a tree for each class.
    """
    kind = "regression" if not classes else "binary" if classes == 2 else "multiclass"
    task = import_module("flaml.automl.task.factory").task_factory(kind)
    config = dict(_CONFIGS[name])
    if classes > 2 and config.get("n_estimators") == 400:
        config["n_estimators"] = 40
    return task.estimator_class_from_str(name)(task=task, **config)
