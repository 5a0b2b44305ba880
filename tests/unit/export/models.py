"""Small estimators of every family that can be exported."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import ElasticNet, LassoLars, LogisticRegression
from xgboost import XGBClassifier, XGBRegressor

from automl.export import ESTIMATORS

TREES: dict[str, Any] = {"n_estimators": 25, "random_state": 0, "n_jobs": 1}
BOOSTED: dict[str, Any] = {**TREES, "max_leaves": 12, "max_depth": 0, "grow_policy": "lossguide"}
ROUNDS: dict[str, Any] = {"max_iter": 25, "max_leaf_nodes": 12, "random_state": 0}
CAT: dict[str, Any] = {
    "n_estimators": 25, "depth": 4, "thread_count": 1, "verbose": False, "allow_writing_files": False,
}  # fmt: skip


def wrapped(kind: str, **config: Any) -> Any:
    """FLAML's wrapper, for estimators that it changes: `SGDEstimator`, `SVCEstimator`."""
    with warnings.catch_warnings():  # FLAML's imports warn
        warnings.simplefilter("ignore")
        task = "regression" if config.pop("regression", False) else "classification"
        factory = import_module("flaml.automl.task.factory").task_factory
        return getattr(import_module("flaml.automl.model"), kind)(task=factory(task), **config)


def catboost(kind: str) -> Any:
    return getattr(import_module("catboost"), kind)(**CAT)


CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "lgbm": lambda: LGBMClassifier(**TREES, num_leaves=12, min_child_samples=5, verbose=-1),
    "rf": lambda: RandomForestClassifier(**TREES, max_leaf_nodes=40),
    "xgboost": lambda: XGBClassifier(**BOOSTED),
    "extra_tree": lambda: ExtraTreesClassifier(**TREES, max_leaf_nodes=40),
    "xgb_limitdepth": lambda: XGBClassifier(**TREES, max_depth=4),
    "sgd": lambda: wrapped("SGDEstimator", loss="modified_huber", alpha=1e-5),
    "catboost": lambda: catboost("CatBoostClassifier"),
    "lrl1": lambda: LogisticRegression(solver="saga", l1_ratio=1.0, tol=0.01, max_iter=1000, random_state=0),
    "lrl2": lambda: LogisticRegression(tol=0.01, max_iter=1000),
    "svc": lambda: wrapped("SVCEstimator", C=10.0, tol=0.1),
    "histgb": lambda: HistGradientBoostingClassifier(**ROUNDS),
}
REGRESSORS: dict[str, Callable[[], Any]] = {
    "lgbm": lambda: LGBMRegressor(**TREES, num_leaves=12, min_child_samples=5, verbose=-1),
    "rf": lambda: RandomForestRegressor(**TREES, max_leaf_nodes=40),
    "xgboost": lambda: XGBRegressor(**BOOSTED),
    "extra_tree": lambda: ExtraTreesRegressor(**TREES, max_leaf_nodes=40),
    "xgb_limitdepth": lambda: XGBRegressor(**TREES, max_depth=4),
    "sgd": lambda: wrapped("SGDEstimator", regression=True, loss="squared_error", tol=100.0),
    "catboost": lambda: catboost("CatBoostRegressor"),
    "enet": lambda: ElasticNet(alpha=0.01),
    "lassolars": lambda: LassoLars(alpha=0.01),
    "histgb": lambda: HistGradientBoostingRegressor(**ROUNDS),
}
for name in {*CLASSIFIERS, *REGRESSORS} - {*ESTIMATORS}:  # what is not installed here
    CLASSIFIERS.pop(name, None)
    REGRESSORS.pop(name, None)

LINEAR = frozenset({"sgd", "lrl1", "lrl2", "svc", "enet", "lassolars"})
"""Names of estimators without splits."""
