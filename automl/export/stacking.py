"""scikit-learn's stacks, which FLAML builds of the best estimators when `search.ensemble` is true.

Rules kept, from scikit-learn's `_stacking.py` (1.9) and FLAML's `automl.py` (2.7):

- The final estimator sees, in this order, the probabilities of each member (of two classes the second one only) or
  its values, then, with `passthrough`, the matrix itself: all as double.
- Members see the matrix. Every estimator reads its input in the precision of its own library.
- Members and, by default, the final estimator are FLAML's wrappers around the libraries' estimators.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import StackingClassifier, StackingRegressor

from automl.export.family import Emitted, Family, emit_inner, unwrapped
from automl.export.graph import META, Graph


def _emit(graph: Graph, model: StackingClassifier | StackingRegressor, matrix: str) -> Emitted:
    blocks = list[str]()
    for member in model.estimators_:
        result = emit_inner(graph, unwrapped(member), matrix).result
        if isinstance(model, StackingClassifier) and len(model.classes_) == 2:
            result = graph.op("Gather", result, graph.constant(np.array([1])), axis=1)
        blocks.append(result)
    if model.passthrough:
        blocks.append(graph.cast(matrix, np.float64))
    meta = graph.op("Concat", *blocks, output=META, axis=1)
    return emit_inner(graph, unwrapped(model.final_estimator_), meta)


def meta_columns(model: Any, columns: list[str]) -> list[str]:
    """Names of what the final estimator sees."""
    width = len(model.classes_) if isinstance(model, StackingClassifier) else 1
    names = [
        f"{name} {index}" if width > 2 else name
        for name, _ in model.estimators
        for index in range(width if width > 2 else 1)
    ]
    return names + (columns if model.passthrough else [])


FAMILIES = (Family(types=(StackingClassifier, StackingRegressor), emit=_emit),)
