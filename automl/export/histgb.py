"""scikit-learn's histogram gradient boosting.

Rules kept, from scikit-learn's `gradient_boosting.py` and `_predictor.pyx` (1.9):

- Rows are read as double; the row goes left when `value <= num_threshold`; NaN goes where `missing_go_to_left` says.
- Leaves are added to the baseline in order, in double, one tree for each class and round.
- Every round that was trained predicts, also of a model that stopped early.
- Labels come from the sums: `sum > 0` of two classes, the first of the largest of more.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from automl.errors import Rejected
from automl.export import links
from automl.export.family import Emitted, Family
from automl.export.graph import Graph
from automl.export.trees import Ensemble, Tree, emit

_LOSSES = ("log_loss", "squared_error", "absolute_error", "quantile")
"""Losses whose link is the sigmoid, the softmax, or nothing."""


def read(model: HistGradientBoostingClassifier | HistGradientBoostingRegressor) -> Ensemble:
    """The trees of a fitted model behind its baseline."""
    trees = [_tree(predictor.nodes) for iteration in model._predictors for predictor in iteration]
    outputs = model.n_trees_per_iteration_
    targets = np.arange(len(trees), dtype=np.int64) % outputs
    ensemble = Ensemble(trees=trees, targets=targets, outputs=outputs, comparison="<=", dtype=np.float64)
    return ensemble.starting_from(np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1))


def _emit(
    graph: Graph, model: HistGradientBoostingClassifier | HistGradientBoostingRegressor, matrix: str
) -> Emitted:
    if model.loss not in _LOSSES:
        raise Rejected(
            f"{type(model).__name__}: expected one of the losses {', '.join(_LOSSES)}, got '{model.loss}'. "
            "Train with one of these, or leave histgb out of search.estimator_list."
        )
    ensemble = read(model)
    sums = emit(graph, ensemble, matrix)
    if isinstance(model, HistGradientBoostingRegressor):
        return Emitted(sums)
    if ensemble.outputs == 1:
        return Emitted(links.sigmoid_pair(graph, sums), links.beside_zero(graph, sums))
    return Emitted(links.softmax(graph, sums), sums)


def _tree(nodes: np.ndarray[tuple[int], np.dtype[np.void]]) -> Tree:
    if nodes["is_categorical"].any():
        raise Rejected(
            "HistGradientBoosting: expected numeric splits, got categorical ones. Train without categorical_features."
        )
    is_leaf = nodes["is_leaf"].astype(np.bool_)
    return Tree.from_nodes(
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        missing_left=nodes["missing_go_to_left"].astype(np.bool_),
        left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        right=nodes["right"].astype(np.int64),
        value=nodes["value"],
    )


FAMILIES = (
    Family(types=(HistGradientBoostingClassifier, HistGradientBoostingRegressor), emit=_emit, takes_nan=True),
)
