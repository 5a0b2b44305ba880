"""XGBoost's models.

Rules kept, from XGBoost's `cpu_predictor.cc`, `regression_loss.h` and `sklearn.py` (2.1 and 3.2):

- Everything is float32: the row goes left when `value < threshold`; leaves are added to the base score in order.
- The model's JSON prints the shortest decimals that round to the float32 meant: parse as double, round, then widen.
- `base_score` is one number (2.x: "5E-1") or a list (3.x: "[5E-1]"); of a logistic objective it is a probability.
- NaN follows `default_left`. Prediction uses the best iteration of an early-stopped model.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
from xgboost import XGBClassifier, XGBRegressor

from automl.errors import Rejected
from automl.export import links32
from automl.export.family import Emitted, Family
from automl.export.graph import Graph
from automl.export.trees import Ensemble, Floats, Tree, emit

_OBJECTIVES = ("binary:logistic", "multi:softprob", "reg:squarederror")


def read(model: XGBClassifier | XGBRegressor) -> Ensemble:
    """The trees of a fitted model, up to its best iteration, behind its base score."""
    booster = model.get_booster()
    learner = json.loads(booster.save_raw("json"))["learner"]
    objective, kind = learner["objective"]["name"], learner["gradient_booster"]["name"]
    if objective not in _OBJECTIVES or kind != "gbtree":
        raise Rejected(
            f"{type(model).__name__}: expected a gbtree with the objective {', '.join(_OBJECTIVES)}, "
            f"got a {kind} with '{objective}'. Train with one of these, or leave it out of search.estimator_list."
        )
    stored = learner["gradient_booster"]["model"]
    outputs = max(1, int(learner["learner_model_param"]["num_class"]))
    best = learner["attributes"].get("best_iteration")
    last = stored["iteration_indptr"][-1 if best is None else int(best) + 1]
    base = _rounded(np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"])))
    if objective == "binary:logistic":
        base = _logit(base)
    ensemble = Ensemble(
        trees=[_tree(tree) for tree in stored["trees"][:last]],
        targets=np.array(stored["tree_info"][:last], dtype=np.int64),
        outputs=outputs,
        comparison="<",
        dtype=np.float32,
    )
    return ensemble.starting_from(np.broadcast_to(base, outputs))


def _emit(graph: Graph, model: XGBClassifier | XGBRegressor, matrix: str) -> Emitted:
    ensemble = read(model)
    sums = emit(graph, ensemble, matrix)
    if isinstance(model, XGBRegressor):
        return Emitted(graph.cast(sums, np.float64))
    if ensemble.outputs == 1:
        return Emitted(links32.sigmoid_pair(graph, sums))
    return Emitted(links32.softmax(graph, sums))


def _tree(stored: dict[str, Any]) -> Tree:
    if any(stored["split_type"]) or stored["tree_param"]["size_leaf_vector"] not in ("0", "1"):
        raise Rejected(
            "XGBoost: expected numeric splits and one number a leaf, got categorical splits or vector leaves. "
            "Train without enable_categorical and multi_strategy."
        )
    values = _rounded(stored["split_conditions"])  # thresholds of splits, values of leaves
    return Tree.from_nodes(
        feature=np.array(stored["split_indices"], dtype=np.int64),
        threshold=values,
        missing_left=np.array(stored["default_left"], dtype=np.bool_),
        left=np.array(stored["left_children"], dtype=np.int64),
        right=np.array(stored["right_children"], dtype=np.int64),
        value=values,
    )


def _rounded(decimals: npt.ArrayLike) -> Floats:
    return np.asarray(decimals, dtype=np.float64).astype(np.float32).astype(np.float64)


def _logit(probability: Floats) -> Floats:
    """`-logf(1 / p - 1)` in the steps of XGBoost's `ProbToMargin`."""
    odds = np.float32(1) / probability.astype(np.float32) - np.float32(1)
    return _rounded(-np.log(odds.astype(np.float64)))


FAMILIES = (Family(types=(XGBClassifier, XGBRegressor), emit=_emit, takes_nan=True, reads=np.float32),)
