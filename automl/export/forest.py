"""scikit-learn's random forests and extra trees.

Rules kept, from scikit-learn's `_forest.py` and `_tree.pyx` (1.9):

- Rows are cast to float32 (the matrix is float32 already); the row goes left when `value <= threshold`, in double.
- Values of the leaves are added up tree by tree and divided once by the number of trees. scikit-learn's threads add
  in any order, so its own last bit may differ from call to call.
- NaN goes where `missing_go_to_left` says; a forest that saw none in training refuses it.

A classifier's leaf holds a number per class and ONNX's leaf holds one. So each tree gives the number of its leaf, and
a table gives that leaf's probabilities: the trees are not repeated for each class, and both probabilities of two
classes come from the same sums as scikit-learn's.
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

from automl.export.family import Family, result_name
from automl.export.graph import Graph
from automl.export.trees import Ensemble, Floats, Tree, emit


def read(model: Any) -> tuple[Ensemble, Floats]:
    """The trees of a fitted forest and what their leaves hold, [leaves of all trees, classes or 1].

    A classifier's trees give the number of the leaf reached, one output column a tree; a regressor's give the value.
    """
    classifies = result_name(model) == "probabilities"
    trees, tables = list[Tree](), list[Floats]()
    leaves = 0
    for estimator in model.estimators_:
        fitted = estimator.tree_
        is_leaf = fitted.children_left < 0
        table = fitted.value[is_leaf, 0, :]
        value = np.zeros(len(is_leaf))
        value[is_leaf] = leaves + np.arange(len(table)) if classifies else table[:, 0]
        leaves += len(table)
        tables.append(table)
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
    targets = np.arange(len(trees), dtype=np.int64) if classifies else np.zeros(len(trees), dtype=np.int64)
    outputs = len(trees) if classifies else 1
    ensemble = Ensemble(trees=trees, targets=targets, outputs=outputs, comparison="<=", dtype=np.float64)
    return ensemble, np.concatenate(tables)


def _emit(graph: Graph, model: Any, matrix: str) -> str:
    ensemble, table = read(model)
    sums = emit(graph, ensemble, matrix)
    if result_name(model) == "probabilities":
        leaf = graph.cast(sums, np.int64)
        votes = graph.op("Gather", graph.constant(table), leaf, axis=0)  # [N, trees, classes]
        sums = graph.op("ReduceSum", votes, graph.constant(np.array([1])), keepdims=0)
    return graph.op("Div", sums, graph.constant(np.float64(len(ensemble.trees))))


FAMILY = Family(
    types=(RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor), emit=_emit
)
