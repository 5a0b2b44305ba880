"""scikit-learn's dummies, which FLAML puts in the place of a model that ran out of time or memory.

Rule kept, from scikit-learn's `dummy.py` (1.9): with the strategies `prior` and `mean` every row gets the share of
each class, or the mean, of training; the label is the first of the most frequent classes.
"""

from __future__ import annotations

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from automl.errors import Rejected
from automl.export.family import Emitted, Family
from automl.export.graph import Graph


def _emit(graph: Graph, model: DummyClassifier | DummyRegressor, matrix: str) -> Emitted:
    if model.strategy not in ("prior", "mean", "median"):
        raise Rejected(
            f"{type(model).__name__}: expected the strategy prior, mean or median, got '{model.strategy}'. "
            "Leave out what FLAML replaced by it."
        )
    constant = model.class_prior_ if isinstance(model, DummyClassifier) else model.constant_
    row = np.asarray(constant, dtype=np.float64).reshape(1, -1)
    rows = graph.op("Shape", matrix, start=0, end=1)
    shape = graph.op("Concat", rows, graph.constant(np.array([row.shape[1]])), axis=0)
    return Emitted(graph.op("Expand", graph.constant(row), shape))


FAMILIES = (Family(types=(DummyClassifier, DummyRegressor), emit=_emit),)
