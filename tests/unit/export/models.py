"""Small estimators of every family that can be exported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier, XGBRegressor

TREES: dict[str, Any] = {"n_estimators": 25, "random_state": 0, "n_jobs": 1}
BOOSTED: dict[str, Any] = {**TREES, "max_leaves": 12, "max_depth": 0, "grow_policy": "lossguide"}

CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "lgbm": lambda: LGBMClassifier(**TREES, num_leaves=12, min_child_samples=5, verbose=-1),
    "rf": lambda: RandomForestClassifier(**TREES, max_leaf_nodes=40),
    "xgboost": lambda: XGBClassifier(**BOOSTED),
    "extra_tree": lambda: ExtraTreesClassifier(**TREES, max_leaf_nodes=40),
    "xgb_limitdepth": lambda: XGBClassifier(**TREES, max_depth=4),
    "lrl1": lambda: LogisticRegression(solver="saga", l1_ratio=1.0, tol=0.01, max_iter=1000, random_state=0),
}
REGRESSORS: dict[str, Callable[[], Any]] = {
    "lgbm": lambda: LGBMRegressor(**TREES, num_leaves=12, min_child_samples=5, verbose=-1),
    "rf": lambda: RandomForestRegressor(**TREES, max_leaf_nodes=40),
    "xgboost": lambda: XGBRegressor(**BOOSTED),
    "extra_tree": lambda: ExtraTreesRegressor(**TREES, max_leaf_nodes=40),
    "xgb_limitdepth": lambda: XGBRegressor(**TREES, max_depth=4),
}
