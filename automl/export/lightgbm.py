"""LightGBM's models.

Rules kept, from LightGBM's `tree.h` and `c_api.cpp` (4.7):

- The row goes left when `value <= threshold`, in double; leaves are added in double, in order.
- Inputs with |value| <= 1e-35f (`kZeroThreshold`) are dropped as zeros before any comparison, so thresholds inside
  that range move to its edge.
- Missing type None: NaN acts as 0. Missing type NaN: it follows the default direction.
- Prediction uses the best iteration of an early-stopped model.
"""

from __future__ import annotations

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor

from automl.errors import Rejected
from automl.export import links
from automl.export.family import Emitted, Family
from automl.export.graph import Graph
from automl.export.trees import Ensemble, Floats, Tree, emit

ZERO = float(np.float32(1e-35))
"""LightGBM's `kZeroThreshold`, a float constant compared as double."""

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_MISSING_ZERO, _MISSING_NAN = 1, 2
_PLAIN = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
"""Objectives whose prediction is the bare sum."""


def read(model: LGBMClassifier | LGBMRegressor) -> Ensemble:
    """The trees of a fitted model, up to its best iteration."""
    head, *blocks = model.booster_.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    outputs = int(_fields(head)["num_tree_per_iteration"])
    trees = [_tree(_fields(block)) for block in blocks]
    targets = np.arange(len(trees), dtype=np.int64) % outputs
    return Ensemble(trees=trees, targets=targets, outputs=outputs, comparison="<=", dtype=np.float64)


def _emit(graph: Graph, model: LGBMClassifier | LGBMRegressor, matrix: str) -> Emitted:
    fields = _fields(model.booster_.model_to_string(num_iteration=1).partition("\n\n")[0])
    objective, *options = fields.get("objective", "custom").split(" ")
    sums = emit(graph, read(model), matrix)
    if objective == "binary" and options == ["sigmoid:1"]:
        return Emitted(links.sigmoid_pair(graph, sums))
    if objective == "multiclass":
        return Emitted(links.softmax(graph, sums))
    if objective in _PLAIN and "sqrt" not in options and "average_output" not in fields:
        return Emitted(sums)
    raise Rejected(
        f"{type(model).__name__}: expected the objective binary, multiclass or one of {', '.join(_PLAIN)}, got "
        f"'{' '.join([objective, *options])}'. Train with one of these, or leave lgbm out of search.estimator_list."
    )


def _fields(block: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in block.splitlines())}


def _tree(fields: dict[str, str]) -> Tree:
    leaf = _floats(fields["leaf_value"])
    if len(leaf) == 1:
        return Tree.constant(float(leaf[0]))
    decision = np.array(fields["decision_type"].split(), dtype=np.int64)
    missing = decision >> _MISSING_SHIFT
    if (decision & _CATEGORICAL).any() or (missing == _MISSING_ZERO).any() or fields.get("is_linear") == "1":
        raise Rejected(
            "LightGBM: expected numeric splits and constant leaves, got categorical splits, zero_as_missing or "
            "linear_tree. Train without them."
        )
    threshold = _beside_zero(_floats(fields["threshold"]))
    return Tree(
        feature=np.array(fields["split_feature"].split(), dtype=np.int64),
        threshold=threshold,
        missing_left=np.where(missing == _MISSING_NAN, (decision & _DEFAULT_LEFT) != 0, threshold >= 0.0),
        left=np.array(fields["left_child"].split(), dtype=np.int64),
        right=np.array(fields["right_child"].split(), dtype=np.int64),
        leaf=leaf,
    )


def _beside_zero(threshold: Floats) -> Floats:
    """Thresholds that say of every value what the given ones say once values within `ZERO` have become 0."""
    moved = np.where((threshold >= 0.0) & (threshold < ZERO), ZERO, threshold)
    return np.where((threshold < 0.0) & (threshold >= -ZERO), np.nextafter(-ZERO, -np.inf), moved)


def _floats(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)


FAMILIES = (Family(types=(LGBMClassifier, LGBMRegressor), emit=_emit, takes_nan=True),)
