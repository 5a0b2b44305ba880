"""Exports that are wrong by one bit, made on purpose: the gate refuses them and says where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import AttributeProto, ModelProto, NodeProto, numpy_helper
from sklearn.ensemble import StackingClassifier

from automl.errors import Rejected
from automl.export import parity
from automl.export.prep import MATRIX
from automl.export.splits import Splits
from tests.unit.export.models import CLASSIFIERS, REGRESSORS
from tests.unit.export.tables import Fitted, fit

NAMES = ("no", "perhaps", "yes")
MEMBERS = [("rf", CLASSIFIERS["rf"]()), ("lgbm", CLASSIFIERS["lgbm"]())]
FITTED = {
    "lgbm": fit(CLASSIFIERS["lgbm"](), NAMES[:2]),
    "xgboost": fit(CLASSIFIERS["xgboost"](), NAMES),
    "rf": fit(CLASSIFIERS["rf"](), NAMES),
    "extra_tree": fit(REGRESSORS["extra_tree"]()),
    "histgb": fit(REGRESSORS["histgb"]()),
    "svc": fit(CLASSIFIERS["svc"](), NAMES),
    "sgd": fit(CLASSIFIERS["sgd"](), NAMES[:2]),
    "enet": fit(REGRESSORS["enet"]()),
    "stack": fit(StackingClassifier(MEMBERS, CLASSIFIERS["histgb"](), cv=2), NAMES[:2]),
}
MUTANTS_EACH = 10


def attribute(node: NodeProto, name: str) -> AttributeProto:
    found: AttributeProto = next(item for item in node.attribute if item.name == name)
    return found


def trees(model: ModelProto) -> NodeProto:
    """The last ensemble: of a stack that of the final estimator."""
    found: NodeProto = [node for node in model.graph.node if node.op_type == "TreeEnsemble"][-1]
    return found


def move_threshold(model: ModelProto, rng: np.random.Generator) -> int:
    """One threshold by one float32, up or down: less cannot be seen by float32 rows."""
    stored = attribute(trees(model), "nodes_splits").t
    values = numpy_helper.to_array(stored).copy()
    place = int(rng.integers(len(values)))
    below = np.float32(values[place])
    below = np.nextafter(below, np.float32(-np.inf)) if below > values[place] else below
    values[place] = np.nextafter(below, np.float32(rng.choice([-np.inf, np.inf])))
    stored.CopyFrom(numpy_helper.from_array(values))
    return place


def swap_children(model: ModelProto, rng: np.random.Generator) -> int:
    node = trees(model)
    place = int(rng.integers(len(attribute(node, "nodes_featureids").ints)))
    for kind in ("nodeids", "leafs"):
        left, right = (attribute(node, f"nodes_{side}{kind}").ints for side in ("true", "false"))
        left[place], right[place] = right[place], left[place]
    return place


def turn_missing(model: ModelProto, rng: np.random.Generator) -> int:
    tracks = attribute(trees(model), "nodes_missing_value_tracks_true").ints
    place = int(rng.integers(len(tracks)))
    tracks[place] = 1 - tracks[place]
    return place


def change_leaf(model: ModelProto, rng: np.random.Generator) -> int:
    """One leaf by a thousandth of the largest; of a forest of classes, one probability in its table."""
    final = model.graph.node[-1].op_type != "Gather" or trees(model).input[0].startswith("model")
    tables = [item for item in model.graph.initializer if len(item.dims) == 2 and item.dims[0] > 100]
    forest = len(attribute(trees(model), "tree_roots").ints) == _outputs(model)
    stored = tables[-1] if tables and final and forest else attribute(trees(model), "leaf_weights").t
    values = numpy_helper.to_array(stored).copy()
    place = int(rng.integers(values.size))
    values.flat[place] += 1e-3 * np.abs(values).max()
    stored.CopyFrom(numpy_helper.from_array(values, stored.name))
    return place


def _outputs(model: ModelProto) -> int:
    return int(attribute(trees(model), "n_targets").i)


def permute_classes(model: ModelProto, rng: np.random.Generator) -> int:
    table = model.graph.node[-1].input[0]  # the label is gathered last
    labels = next(item for item in model.graph.initializer if item.name == table)
    turned = list(labels.string_data)
    first, second = rng.choice(len(turned), 2, replace=False)
    turned[first], turned[second] = turned[second], turned[first]
    labels.string_data[:] = turned
    return int(first)


def change_weight(model: ModelProto, rng: np.random.Generator) -> int:
    """One coefficient by a thousandth of the largest."""
    name = next(node for node in model.graph.node if node.op_type == "Gemm").input[1]
    stored = next(item for item in model.graph.initializer if item.name == name)
    values = numpy_helper.to_array(stored).copy()
    place = int(rng.integers(values.size))
    values.flat[place] += 1e-3 * np.abs(values).max()
    stored.CopyFrom(numpy_helper.from_array(values, stored.name))
    return place


Mutate = Callable[[ModelProto, np.random.Generator], int]

CASES: list[tuple[str, Mutate]] = [
    *(
        (family, mutate)
        for family in ("lgbm", "xgboost", "rf", "extra_tree", "histgb", "stack")
        for mutate in (move_threshold, swap_children, change_leaf)
    ),
    *((family, turn_missing) for family in ("lgbm", "xgboost", "histgb")),
    *((family, permute_classes) for family in ("lgbm", "xgboost", "rf", "svc")),
    *((family, change_weight) for family in ("svc", "sgd", "enet")),
]


def mutants(family: str, mutate: Mutate) -> Iterator[tuple[int, bytes]]:
    rng = np.random.default_rng(7)
    original = FITTED[family].export()
    for _ in range(MUTANTS_EACH):
        model = onnx.load_from_string(original)
        yield mutate(model, rng), model.SerializeToString()


def refused(fitted: Fitted, model: bytes) -> bool:
    try:
        fitted.check(model)
    except Rejected:
        return True
    return False


def takes_no_nan(family: str, place: int) -> bool:
    """Whether no row reaches this split with NaN in its column: another one of the column, above, sends it away."""
    model = onnx.load_from_string(FITTED[family].export())
    splits = Splits.read(model, MATRIX)
    tracks = attribute(trees(model), "nodes_missing_value_tracks_true").ints
    feature, split = splits.feature[place], place
    while splits.parent[split] >= 0:
        above = splits.parent[split]
        if splits.feature[above] == feature and bool(tracks[above]) != bool(splits.is_left[split]):
            return True
        split = above
    return False


def test_two_hundred_wrong_exports_and_more_are_made() -> None:
    assert len(CASES) * MUTANTS_EACH == 280


@pytest.mark.parametrize(("family", "mutate"), CASES, ids=lambda item: getattr(item, "__name__", item))
def test_a_wrong_bit_is_refused_or_makes_no_difference(family: str, mutate: Mutate) -> None:
    escaped = [place for place, model in mutants(family, mutate) if not refused(FITTED[family], model)]
    if mutate is turn_missing:
        assert len(escaped) <= 2
        assert all(takes_no_nan(family, place) for place in escaped)
    else:
        assert escaped == []


@pytest.mark.parametrize("family", FITTED)
def test_the_unchanged_export_is_not(family: str) -> None:
    assert not refused(FITTED[family], FITTED[family].export())


def test_refusal_names_estimator_row_column_and_both_answers() -> None:
    model = onnx.load_from_string(FITTED["lgbm"].export())
    move_threshold(model, np.random.default_rng(0))
    with pytest.raises(Rejected) as refusal:
        FITTED["lgbm"].check(model.SerializeToString())
    message = str(refusal.value)
    assert re.search(
        r"LGBMClassifier: expected the exported model to answer as FLAML does, got \d+ of \d+ neighbour rows "
        r"unequal\. First neighbour row \d+ \(column '[^']+' changed\): FLAML says '\w+' \(probabilities \[.*\]\), "
        r"the exported model '\w+' \(probabilities \[.*\]\)\. Leave this estimator out",
        message,
    ), message


def test_model_of_another_estimator_is_refused_on_the_holdout() -> None:
    other = fit(CLASSIFIERS["lgbm"](), NAMES[:2], seed=9)
    with pytest.raises(Rejected, match=r"First holdout row \d+ \(column '.+' its most extreme\)"):
        FITTED["lgbm"].check(other.export())


def test_labels_that_contradict_flamls_own_probabilities_are_no_tie() -> None:
    fitted = FITTED["lgbm"]

    def turned(matrix: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        labels = fitted.predict(matrix)
        first, second = fitted.signature.classes[:2]
        return np.where(labels == first, second, first)

    with pytest.raises(Rejected, match="rows unequal"):
        parity.check(
            fitted.export(),
            fitted.prep,
            turned,
            fitted.estimator.predict_proba,
            fitted.signature,
            holdout=fitted.holdout,
            golden=fitted.holdout[:10],
            estimator=fitted.estimator,
        )
