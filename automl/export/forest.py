"""scikit-learn's random forests and extra trees.

Rules kept, from scikit-learn's `_forest.py` and `_tree.pyx` (1.9):

- Rows are cast to float32; the row goes left when `value <= threshold`, in double.
- Values of the leaves are added up tree by tree and divided once by the number of trees. scikit-learn's threads add
  in any order, so its own last bit may differ from call to call.
- NaN goes where `missing_go_to_left` says; a forest that saw none in training refuses it.

A classifier's leaf holds a probability per class, and both probabilities of two classes come from the same sums as
scikit-learn's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from automl.export.family import Emitted, Family, result_name
from automl.export.graph import Graph
from automl.export.leaves import emit_sums
from automl.export.trees import Ensemble, Floats, Tree, emit


def read(model: Any) -> tuple[list[Tree], Floats]:
    """The trees of a fitted forest and what their leaves hold, [leaves of all trees, classes or 1]."""
    trees, tables = list[Tree](), list[Floats]()
    for estimator in model.estimators_:
        fitted = estimator.tree_
        table = fitted.value[fitted.children_left < 0, 0, :]
        tables.append(table)
        value = np.zeros(fitted.node_count)
        value[fitted.children_left < 0] = table[:, 0]
        trees.append(
            Tree.from_nodes(
                feature=fitted.feature,
                threshold=fitted.threshold,
                missing_left=fitted.missing_go_to_left.astype(np.bool_),
                left=fitted.children_left,
                right=fitted.children_right,
                value=value,
            )
        )
    return trees, np.concatenate(tables)


def _emit(graph: Graph, model: Any, matrix: str) -> Emitted:
    trees, table = read(model)
    if result_name(model) == "probabilities":
        sums = emit_sums(graph, trees, table, matrix)
    else:
        targets = np.zeros(len(trees), dtype=np.int64)
        sums = emit(
            graph, Ensemble(trees=trees, targets=targets, outputs=1, comparison="<=", dtype=np.float64), matrix
        )
    return Emitted(graph.op("Div", sums, graph.constant(np.float64(len(trees)))))


FAMILIES = (
    Family(
        types=(RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor),
        emit=_emit,
        reads=np.float32,
    ),
)
