"""The splits of an exported graph, read back from its bytes: where its answers change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, helper, numpy_helper

from automl.export.trees import MODES

Integers = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Splits:
    """S splits of all trees.

    Parameters
    ----------
    tree, feature
        int64 [S]: the tree of a split, and the matrix column it reads.
    last_left, last_left64
        float32 [S], float64 [S]: the largest number of this precision that goes left.
    parent
        int64 [S]: the split above, -1 for a root.
    is_left
        bool [S]: whether the split is its parent's left child.
    """

    tree: Integers
    feature: Integers
    last_left: Floats32
    last_left64: npt.NDArray[np.float64]
    parent: Integers
    is_left: npt.NDArray[np.bool_]

    @classmethod
    def read(cls, model: ModelProto, source: str) -> Splits:
        """All splits of the tree ensembles that read the tensor named `source`; none for a linear model."""
        casts = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
        found = cls(
            tree=np.zeros(0, dtype=np.int64),
            feature=np.zeros(0, dtype=np.int64),
            last_left=np.zeros(0, dtype=np.float32),
            last_left64=np.zeros(0),
            parent=np.zeros(0, dtype=np.int64),
            is_left=np.zeros(0, dtype=np.bool_),
        )
        for node in model.graph.node:
            if node.op_type == "TreeEnsemble":
                read = node.input[0]
                while read in casts and read != source:
                    read = casts[read]
                if read == source:
                    found = found._with({item.name: helper.get_attribute_value(item) for item in node.attribute})
        return found

    def _with(self, attributes: dict[str, Any]) -> Splits:
        """These and the splits of one more ensemble."""

        def integers(name: str) -> Integers:
            return np.array(attributes[name], dtype=np.int64)

        feature = integers("nodes_featureids")
        parent = np.full(len(feature), -1, dtype=np.int64)
        is_left = np.zeros(len(feature), dtype=np.bool_)
        for side in ("true", "false"):
            above = np.flatnonzero(integers(f"nodes_{side}leafs") == 0)
            below = integers(f"nodes_{side}nodeids")[above]
            parent[below] = above
            is_left[below] = side == "true"
        threshold = numpy_helper.to_array(attributes["nodes_splits"])
        strict = numpy_helper.to_array(attributes["nodes_modes"]) == MODES["<"]
        index = np.arange(len(feature))
        tree = np.searchsorted(np.sort(integers("tree_roots")), index, side="right") - 1
        trees, splits = int(self.tree.max(initial=-1)) + 1, len(self.tree)
        return Splits(
            tree=np.concatenate([self.tree, tree + trees]),
            feature=np.concatenate([self.feature, feature]),
            last_left=np.concatenate([self.last_left, _last_left(threshold, strict)]),
            last_left64=np.concatenate([self.last_left64, _last_left64(threshold, strict)]),
            parent=np.concatenate([self.parent, np.where(parent < 0, parent, parent + splits)]),
            is_left=np.concatenate([self.is_left, is_left]),
        )

    def sample(self, count: int, rng: np.random.Generator) -> Integers:
        """At most `count` splits or one of each tree, whichever is more; every split when they fit."""
        if len(self.tree) <= count:
            return np.arange(len(self.tree))
        share = max(1, count // (int(self.tree.max()) + 1))
        shuffled = np.lexsort((rng.random(len(self.tree)), self.tree))
        in_order = self.tree[shuffled]
        place = np.arange(len(shuffled)) - np.searchsorted(in_order, in_order)
        return shuffled[place < share]

    def reaching(self, chosen: Integers, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """The rows [len(chosen), F], moved no more than needed for each to reach its split."""
        low = np.full(rows.shape, -np.inf, dtype=np.float32)
        high = np.full(rows.shape, np.inf, dtype=np.float32)
        row, split = np.arange(len(chosen)), chosen
        while True:
            above = self.parent[split]
            row, split, above = row[above >= 0], split[above >= 0], above[above >= 0]
            if not len(row):
                moved: npt.NDArray[np.floating] = np.clip(rows, low, high)
                return moved
            column, last, left = self.feature[above], self.last_left[above], self.is_left[split]
            high[row[left], column[left]] = np.minimum(high[row[left], column[left]], last[left])
            first_right = np.nextafter(last, np.float32(np.inf))
            low[row[~left], column[~left]] = np.maximum(low[row[~left], column[~left]], first_right[~left])
            split = above


def _last_left(threshold: npt.NDArray[np.floating], strict: npt.NDArray[np.bool_]) -> Floats32:
    rounded = threshold.astype(np.float32)
    beyond = np.where(strict, rounded >= threshold, rounded > threshold)
    return np.where(beyond, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def _last_left64(threshold: npt.NDArray[np.floating], strict: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    double = threshold.astype(np.float64)
    return np.where(strict, np.nextafter(double, -np.inf), double)
