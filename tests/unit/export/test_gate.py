"""Exports that are wrong by one bit, made on purpose: the gate refuses them and says where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, ModelProto, NodeProto, numpy_helper

from automl.errors import Rejected
from tests.unit.export.models import CLASSIFIERS, REGRESSORS
from tests.unit.export.tables import Fitted, fit

NAMES = ("no", "perhaps", "yes")
FITTED = {
    "lgbm": fit(CLASSIFIERS["lgbm"](), NAMES[:2]),
    "xgboost": fit(CLASSIFIERS["xgboost"](), NAMES),
    "rf": fit(CLASSIFIERS["rf"](), NAMES),
    "extra_tree": fit(REGRESSORS["extra_tree"]()),
}
MUTANTS_EACH = 12


def attribute(node: NodeProto, name: str) -> AttributeProto:
    found: AttributeProto = next(item for item in node.attribute if item.name == name)
    return found


def trees(model: ModelProto) -> NodeProto:
    found: NodeProto = next(node for node in model.graph.node if node.op_type == "TreeEnsemble")
    return found


def move_threshold(model: ModelProto, rng: np.random.Generator) -> None:
    """One threshold by one float32, up or down: less cannot be seen by float32 rows."""
    stored = attribute(trees(model), "nodes_splits").t
    values = numpy_helper.to_array(stored).copy()
    place = rng.integers(len(values))
    below = np.float32(values[place])
    below = np.nextafter(below, np.float32(-np.inf)) if below > values[place] else below
    values[place] = np.nextafter(below, np.float32(rng.choice([-np.inf, np.inf])))
    stored.CopyFrom(numpy_helper.from_array(values))


def swap_children(model: ModelProto, rng: np.random.Generator) -> None:
    node = trees(model)
    place = int(rng.integers(len(attribute(node, "nodes_featureids").ints)))
    for kind in ("nodeids", "leafs"):
        left, right = (attribute(node, f"nodes_{side}{kind}").ints for side in ("true", "false"))
        left[place], right[place] = right[place], left[place]


def turn_missing(model: ModelProto, rng: np.random.Generator) -> None:
    tracks = attribute(trees(model), "nodes_missing_value_tracks_true").ints
    place = int(rng.integers(len(tracks)))
    tracks[place] = 1 - tracks[place]


def change_leaf(model: ModelProto, rng: np.random.Generator) -> None:
    """One leaf by a thousandth of the largest; of a forest of classes, one probability in its table."""
    table = next((item for item in model.graph.initializer if len(item.dims) == 2 and item.dims[0] > 100), None)
    stored = attribute(trees(model), "leaf_weights").t if table is None else table
    values = numpy_helper.to_array(stored).copy()
    values.flat[rng.integers(values.size)] += 1e-3 * np.abs(values).max()
    changed = numpy_helper.from_array(values, stored.name)
    stored.CopyFrom(changed)


def permute_classes(model: ModelProto, rng: np.random.Generator) -> None:
    table = model.graph.node[-1].input[0]  # the label is gathered last
    labels = next(item for item in model.graph.initializer if item.name == table)
    turned = list(labels.string_data)
    first, second = rng.choice(len(turned), 2, replace=False)
    turned[first], turned[second] = turned[second], turned[first]
    labels.string_data[:] = turned


Mutate = Callable[[ModelProto, np.random.Generator], None]


CASES: list[tuple[str, Mutate]] = [
    *((family, mutate) for family in FITTED for mutate in (move_threshold, swap_children, change_leaf)),
    *((family, turn_missing) for family in ("lgbm", "xgboost")),
    *((family, permute_classes) for family in ("lgbm", "xgboost", "rf")),
]
UNREACHABLE: dict[Mutate, int] = {turn_missing: 1}
"""Mutants of a kind, of each family, that answer every row as the original does, so that nothing could catch them:
the split lies below another one of the same column, which has sent NaN the other way."""


def mutants(family: str, mutate: Mutate) -> Iterator[bytes]:
    rng = np.random.default_rng(7)
    original = FITTED[family].export()
    for _ in range(MUTANTS_EACH):
        model = onnx.load_from_string(original)
        mutate(model, rng)
        yield model.SerializeToString()


def refused(fitted: Fitted, model: bytes) -> bool:
    try:
        fitted.check(model)
    except Rejected:
        return True
    return False


@pytest.mark.parametrize(("family", "mutate"), CASES, ids=lambda item: getattr(item, "__name__", item))
def test_a_wrong_bit_is_refused(family: str, mutate: Mutate) -> None:
    caught = sum(refused(FITTED[family], model) for model in mutants(family, mutate))
    assert caught >= MUTANTS_EACH - UNREACHABLE.get(mutate, 0)


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
