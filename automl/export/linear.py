"""scikit-learn's logistic regression.

Rules kept, from scikit-learn's `_logistic.py` and `_base.py` (1.9): scores are `X @ coef.T + intercept` in double;
two classes take the sigmoid of one score, more take the softmax of one score a class.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from automl.export import links
from automl.export.family import Family
from automl.export.graph import Graph


def _emit(graph: Graph, model: LogisticRegression, matrix: str) -> str:
    weights = graph.constant(np.ascontiguousarray(model.coef_.T, dtype=np.float64))
    intercept = graph.constant(np.asarray(model.intercept_, dtype=np.float64))
    scores = graph.op("Gemm", graph.cast(matrix, np.float64), weights, intercept)
    return links.sigmoid_pair(graph, scores) if len(model.classes_) == 2 else links.softmax(graph, scores)


FAMILY = Family(types=(LogisticRegression,), emit=_emit)
