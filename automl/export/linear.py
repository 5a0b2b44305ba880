"""scikit-learn's linear models.

Rules kept, from scikit-learn's `_base.py`, `_logistic.py` and `_stochastic_gradient.py` (1.9):

- Scores are `X @ coef.T + intercept` in double, and the label is read from them: `score > 0` of two classes, the
  first of the largest of more. Probabilities may saturate and tie where scores do not.
- Logistic regression of two classes takes the sigmoid of one score, of more the softmax of one score a class.
- One against the rest (LinearSVC as FLAML reads it, SGD with log loss): the sigmoid of each score, divided by their
  sum; where all are zero every class is as likely.
- SGD with modified Huber loss: `(clip(score, -1, 1) + 1) / 2`, divided and guarded in the same way.
- FLAML hands SGD rows divided by their Euclidean norm. scikit-learn's `Normalizer` leaves rows whose norm is below
  ten times the machine epsilon as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import (
    ElasticNet,
    LassoLars,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.svm import LinearSVC

from automl.errors import Rejected
from automl.export import links
from automl.export.family import Emitted, Family
from automl.export.graph import Graph

_SMALLEST_NORM = 10 * np.finfo(np.float64).eps
"""Norm below which scikit-learn's `_handle_zeros_in_scale` divides by one instead."""


def _regression(graph: Graph, model: Any, matrix: str) -> Emitted:
    return Emitted(_scores(graph, model, matrix))


def _logistic(graph: Graph, model: LogisticRegression, matrix: str) -> Emitted:
    scores = _scores(graph, model, matrix)
    if len(model.classes_) == 2:
        return Emitted(links.sigmoid_pair(graph, scores), links.beside_zero(graph, scores))
    return Emitted(links.softmax(graph, scores), scores)


def _one_against_the_rest(graph: Graph, model: LinearSVC | SGDClassifier, matrix: str) -> Emitted:
    loss = getattr(model, "loss", None) if isinstance(model, SGDClassifier) else "log_loss"
    if loss not in ("log_loss", "modified_huber"):
        raise Rejected(
            f"SGDClassifier: expected the loss log_loss or modified_huber, got '{loss}', which has no probabilities. "
            "Train with one of these, or leave sgd out of search.estimator_list."
        )
    scores = _scores(graph, model, matrix)
    link = links.hubered if loss == "modified_huber" else links.exact_sigmoid
    if len(model.classes_) == 2:
        second = link(graph, scores)
        return Emitted(links.pair(graph, second), links.beside_zero(graph, scores))
    return Emitted(links.shares(graph, link(graph, scores), len(model.classes_)), scores)


def _scores(graph: Graph, model: Any, matrix: str) -> str:
    """`X @ coef.T + intercept`, double [N, 1] or [N, classes]."""
    rows = graph.cast(matrix, np.float64)
    if isinstance(model, (SGDClassifier, SGDRegressor)):
        rows = _normalised(graph, rows)
    weights = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    intercept = np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64), len(weights))
    return graph.op(
        "Gemm", rows, graph.constant(np.ascontiguousarray(weights.T)), graph.constant(np.ascontiguousarray(intercept))
    )


def _normalised(graph: Graph, rows: str) -> str:
    norm = graph.op("ReduceL2", rows, graph.constant(np.array([1])), keepdims=1)
    tiny = graph.op("Less", norm, graph.constant(_SMALLEST_NORM))
    return graph.op("Div", rows, graph.op("Where", tiny, graph.constant(np.float64(1)), norm))


FAMILIES = (
    Family(types=(LogisticRegression,), emit=_logistic),
    Family(types=(LinearSVC, SGDClassifier), emit=_one_against_the_rest),
    Family(types=(SGDRegressor, ElasticNet, LassoLars, LinearRegression, Ridge, RidgeCV), emit=_regression),
)
