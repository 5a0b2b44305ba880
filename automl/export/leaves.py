"""Trees whose leaves hold a number per class, where a leaf of ONNX's `TreeEnsemble` holds one.

Each tree gives the number of its leaf, and a table gives what that leaf holds: the trees are not repeated for each
class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from automl.export.graph import Graph
from automl.export.trees import Ensemble, Floats, Tree, emit


def numbered(trees: Sequence[Tree]) -> Ensemble:
    """The trees with each leaf's value replaced by its number among the leaves of all trees, one output a tree."""
    start = np.cumsum([0, *(len(tree.leaf) for tree in trees)])
    named = [
        replace(tree, leaf=first + np.arange(len(tree.leaf), dtype=np.float64))
        for tree, first in zip(trees, start[:-1], strict=True)
    ]
    targets = np.arange(len(trees), dtype=np.int64)
    return Ensemble(trees=named, targets=targets, outputs=len(trees), comparison="<=", dtype=np.float64)


def emit_sums(graph: Graph, trees: Sequence[Tree], table: Floats, matrix: str) -> str:
    """What the leaves reached hold, added up: double [N, classes].

    Parameters
    ----------
    trees
        Splits compare by `<=` in double.
    table
        [leaves of all trees, classes], in the order of the trees and of their leaves.
    """
    leaf = graph.cast(emit(graph, numbered(trees), matrix), np.int64)
    votes = graph.op("Gather", graph.constant(table), leaf, axis=0)  # [N, trees, classes]
    return graph.op("ReduceSum", votes, graph.constant(np.array([1])), keepdims=0)
