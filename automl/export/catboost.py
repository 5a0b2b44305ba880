"""CatBoost's models of numeric columns.

Rules kept, from CatBoost's `json_model_helpers.cpp`, `formula_evaluator` and `eval_helpers.cpp` (1.2):

- Rows are read as float32, and borders are float32: bit i of a leaf's number is set when the i-th condition of the
  tree, `value > border`, holds. All splits of one level are the same (oblivious trees), the last one on top here.
- NaN fails every comparison ("AsIs", or "AsFalse"); "AsTrue" makes it the largest value.
- Leaves are added up in double, then multiplied by the scale, then the bias is added.
- Labels come from the sums: `sum > 0` of two classes, the first of the largest of more.
- A model with a validation part keeps the trees up to its best iteration.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from catboost import CatBoostClassifier, CatBoostRegressor

from automl.errors import Rejected
from automl.export import links
from automl.export.family import Emitted, Family
from automl.export.graph import Graph
from automl.export.leaves import emit_sums
from automl.export.trees import Ensemble, Floats, Tree, emit

_PLAIN = ("RMSE", "MAE", "Quantile", "MAPE")
_LOSSES = ("Logloss", "MultiClass", *_PLAIN)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Oblivious:
    """A fitted model: its trees, what their leaves hold [leaves, outputs], and what is done with the sums."""

    trees: list[Tree]
    table: Floats
    scale: float
    bias: Floats
    loss: str


def read(model: CatBoostClassifier | CatBoostRegressor) -> Oblivious:
    """The model as CatBoost writes it to JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        stored = json.loads(path.read_bytes())
    loss = model.get_all_params()["loss_function"].partition(":")[0]
    given = stored["features_info"]
    if loss not in _LOSSES or "oblivious_trees" not in stored or set(given) - {"float_features"}:
        raise Rejected(
            f"{type(model).__name__}: expected symmetric trees over numbers with one of the losses "
            f"{', '.join(_LOSSES)}, got {loss}, {', '.join(sorted(given))}. Train so, or leave catboost out of "
            "search.estimator_list."
        )
    features = {each["feature_index"]: each for each in given["float_features"]}
    scale, bias = stored["scale_and_bias"]
    bias = np.atleast_1d(np.array(bias, dtype=np.float64))
    tables = [
        np.array(tree["leaf_values"], dtype=np.float64).reshape(-1, len(bias)) for tree in stored["oblivious_trees"]
    ]
    trees = [
        _tree(tree["splits"] or [], features, table[:, 0])
        for tree, table in zip(stored["oblivious_trees"], tables, strict=True)
    ]
    return Oblivious(trees=trees, table=np.concatenate(tables), scale=float(scale), bias=bias, loss=loss)


def _emit(graph: Graph, model: CatBoostClassifier | CatBoostRegressor, matrix: str) -> Emitted:
    found = read(model)
    sums = _sums(graph, found, matrix)
    if found.scale != 1.0:
        sums = graph.op("Mul", sums, graph.constant(np.float64(found.scale)))
    sums = graph.op("Add", sums, graph.constant(found.bias))
    if found.loss in _PLAIN:
        return Emitted(sums)
    if found.loss == "Logloss":
        return Emitted(links.sigmoid_pair(graph, sums), links.beside_zero(graph, sums))
    return Emitted(links.softmax(graph, sums), sums)


def _sums(graph: Graph, found: Oblivious, matrix: str) -> str:
    if len(found.bias) > 1:
        return emit_sums(graph, found.trees, found.table, matrix)
    targets = np.zeros(len(found.trees), dtype=np.int64)
    ensemble = Ensemble(trees=found.trees, targets=targets, outputs=1, comparison="<=", dtype=np.float64)
    return emit(graph, ensemble, matrix)


def _tree(conditions: list[dict[str, Any]], features: dict[int, dict[str, Any]], leaf: Floats) -> Tree:
    """The oblivious tree as a full binary one, numbered level by level."""
    if not conditions:
        return Tree.constant(float(leaf[0]))
    if any(condition["split_type"] != "FloatFeature" for condition in conditions):
        raise Rejected("CatBoost: expected splits of numbers, got others. Train on numbers alone.")
    splits = 2 ** len(conditions) - 1
    level = np.log2(np.arange(1, splits + 1)).astype(np.int64)
    chosen = [conditions[len(conditions) - 1 - depth] for depth in level]
    used = [features[condition["float_feature_index"]] for condition in chosen]
    below = 2 * np.arange(splits, dtype=np.int64) + 1
    return Tree(
        feature=np.array([feature["flat_feature_index"] for feature in used], dtype=np.int64),
        threshold=np.array([condition["border"] for condition in chosen], dtype=np.float32).astype(np.float64),
        missing_left=np.array([feature["nan_value_treatment"] != "AsTrue" for feature in used], dtype=np.bool_),
        left=np.where(below < splits, below, ~(below - splits)),
        right=np.where(below < splits, below + 1, ~(below + 1 - splits)),
        leaf=leaf,
    )


FAMILIES = (Family(types=(CatBoostClassifier, CatBoostRegressor), emit=_emit, takes_nan=True, reads=np.float32),)
