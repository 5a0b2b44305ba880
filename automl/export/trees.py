"""Decision trees as arrays, and their one ONNX node: `TreeEnsemble` of ai.onnx.ml 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

from automl.export.graph import Graph

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Comparison = Literal["<=", "<"]

MODES: dict[Comparison, int] = {"<=": 0, "<": 1}
"""Values of `nodes_modes` (BRANCH_LEQ, BRANCH_LT)."""

_SUM = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """One tree: S splits, of which the first is the root, and L leaves.

    Parameters
    ----------
    feature, threshold
        int64 [S], float64 [S]: a row goes left when its feature compares true with the threshold.
    missing_left
        bool [S]: where a row goes whose feature is NaN.
    left, right
        int64 [S]: the next split, or `~leaf` (negative).
    leaf
        float64 [L].
    """

    feature: Integers
    threshold: Floats
    missing_left: npt.NDArray[np.bool_]
    left: Integers
    right: Integers
    leaf: Floats

    @classmethod
    def constant(cls, value: float) -> Tree:
        """The tree that says `value` of every row; a split with one leaf on both sides, for ONNX wants a split."""
        nothing, leaf = np.zeros(1, dtype=np.int64), np.full(1, ~0, dtype=np.int64)
        return cls(
            feature=nothing,
            threshold=np.zeros(1),
            missing_left=np.zeros(1, dtype=np.bool_),
            left=leaf,
            right=leaf,
            leaf=np.array([value], dtype=np.float64),
        )

    @classmethod
    def from_nodes(
        cls,
        *,
        feature: npt.NDArray[np.integer],
        threshold: Floats,
        missing_left: npt.NDArray[np.bool_],
        left: npt.NDArray[np.integer],
        right: npt.NDArray[np.integer],
        value: Floats,
    ) -> Tree:
        """A tree given as M nodes, splits and leaves in one numbering, the root first.

        All arrays are [M]; a leaf has a negative left child, and `value` is read of leaves only.
        """
        is_leaf = left < 0
        if is_leaf[0]:
            return cls.constant(float(value[0]))
        name = np.where(is_leaf, ~(np.cumsum(is_leaf) - 1), np.cumsum(~is_leaf) - 1).astype(np.int64)
        splits = ~is_leaf
        return cls(
            feature=feature[splits].astype(np.int64),
            threshold=threshold[splits],
            missing_left=missing_left[splits],
            left=name[left[splits]],
            right=name[right[splits]],
            leaf=value[is_leaf],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """Trees whose leaves are added up in the order of the trees.

    onnxruntime, on one thread, adds in this order too, so the sums agree with the library's to the last bit when
    `dtype` is the library's.

    Parameters
    ----------
    targets
        int64 [T]: the output column each tree adds to.
    outputs
        Number of output columns.
    comparison
        How a split compares.
    dtype
        In which the library compares and adds. Thresholds and leaves must be exact in it.
    """

    trees: Sequence[Tree]
    targets: Integers
    outputs: int
    comparison: Comparison
    dtype: type[np.float32] | type[np.float64]

    def starting_from(self, base: npt.NDArray[np.floating]) -> Ensemble:
        """The same with `base` [outputs] added first, before any tree."""
        constants = [Tree.constant(float(value)) for value in base]
        targets = np.concatenate([np.arange(self.outputs, dtype=np.int64), self.targets])
        return replace(self, trees=[*constants, *self.trees], targets=targets)


def emit(graph: Graph, ensemble: Ensemble, matrix: str) -> str:
    """Append the ensemble; the name of its sums, [N, outputs] of its dtype.

    Parameters
    ----------
    matrix
        Name of a [N, F] tensor whose values the library would compare as they are.
    """
    trees = ensemble.trees
    splits = np.array([len(tree.feature) for tree in trees], dtype=np.int64)
    leaves = np.array([len(tree.leaf) for tree in trees], dtype=np.int64)
    split_start = np.cumsum(splits) - splits
    leaf_start = np.cumsum(leaves) - leaves
    left, left_is_leaf = _numbered([tree.left for tree in trees], splits, split_start, leaf_start)
    right, right_is_leaf = _numbered([tree.right for tree in trees], splits, split_start, leaf_start)
    thresholds = np.concatenate([tree.threshold for tree in trees]).astype(ensemble.dtype)
    modes = np.full(len(thresholds), MODES[ensemble.comparison], dtype=np.uint8)
    weights = np.concatenate([tree.leaf for tree in trees]).astype(ensemble.dtype)
    values = graph.cast(matrix, ensemble.dtype)
    return graph.op(
        "TreeEnsemble",
        values,
        n_targets=ensemble.outputs,
        aggregate_function=_SUM,
        post_transform=0,
        tree_roots=split_start,
        nodes_featureids=np.concatenate([tree.feature for tree in trees]),
        nodes_splits=numpy_helper.from_array(thresholds),
        nodes_modes=numpy_helper.from_array(modes),
        nodes_missing_value_tracks_true=np.concatenate([tree.missing_left for tree in trees]).astype(np.int64),
        nodes_truenodeids=left,
        nodes_trueleafs=left_is_leaf,
        nodes_falsenodeids=right,
        nodes_falseleafs=right_is_leaf,
        leaf_targetids=np.repeat(ensemble.targets, leaves),
        leaf_weights=numpy_helper.from_array(weights),
    )


def _numbered(
    children: list[Integers], splits: Integers, split_start: Integers, leaf_start: Integers
) -> tuple[Integers, Integers]:
    """Children of all trees in one numbering of splits and one of leaves, and which of them are leaves (0 or 1)."""
    child = np.concatenate(children)
    is_leaf = child < 0
    numbered = np.where(is_leaf, ~child + np.repeat(leaf_start, splits), child + np.repeat(split_start, splits))
    return numbered, is_leaf.astype(np.int64)
