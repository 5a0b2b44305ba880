"""FLAML's stacks of several estimators, and the dummies it falls back to, leave as one graph."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import StackingClassifier, StackingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV

from automl.errors import Rejected
from automl.export import parity
from automl.export.build import build
from automl.export.family import unwrapped
from automl.export.prep import Prep
from automl.export.stacking import meta_columns
from tests.unit.export.models import CLASSIFIERS, REGRESSORS
from tests.unit.export.tables import fit, signature, target, tensors

MEMBERS = ["lgbm", "xgboost", "rf", "extra_tree", "histgb", "sgd"]


@pytest.fixture(autouse=True)
def _flaml_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():  # FLAML's imports and two-trial fits warn; these tests are about the result
        warnings.simplefilter("ignore")
        yield


def stacked(classes: int, ensemble: Any, estimators: list[str]) -> tuple[Any, parity.ParityReport]:
    """FLAML's stack of these estimators and what the gate says of its export."""
    rng = np.random.default_rng(4)
    train, holdout = tensors(rng, 400), tensors(rng, 300, unseen=0.1)
    used = signature(tuple(f"class {index}" for index in range(classes)))
    prep = Prep.fit(used, train)
    truth = target(rng, train, classes)
    labels = np.array(used.classes, dtype=object)[truth] if classes else truth
    automl: Any = import_module("flaml").AutoML()
    automl.fit(
        prep.transform(train).astype(float), labels, task=used.task, estimator_list=estimators, ensemble=ensemble,
        max_iter=5 * len(estimators), time_budget=60, n_jobs=2, verbose=0, seed=0,
        learner_selector="roundrobin",
    )  # fmt: skip
    order = tuple(automl._label_transformer.classes_) if classes else ()
    model = build(prep, unwrapped(automl.model), used, order)
    report = parity.check(
        model, prep, automl.predict, automl.predict_proba if classes else None, used,
        holdout=holdout, golden=train[:5], estimator=automl.model,
    )  # fmt: skip
    return automl.model, report


@pytest.mark.parametrize("classes", [2, 3, 0])
def test_stack_of_every_family_under_the_best_of_them(classes: int) -> None:
    linear = ["lrl2", "svc"] if classes else ["enet", "lassolars"]
    stack, report = stacked(classes, True, MEMBERS + linear)
    assert isinstance(stack, StackingClassifier if classes else StackingRegressor)
    assert len(stack.estimators_) >= 2
    assert stack.passthrough
    assert report.rows["holdout"] == 300
    assert report.largest_difference <= report.tolerance / 5


@pytest.mark.parametrize("passthrough", [True, False])
@pytest.mark.parametrize("names", [("n", "y"), ("a", "b", "c"), ()], ids=len)
@pytest.mark.parametrize("final", ["lgbm", "xgboost", "rf", "extra_tree", "histgb", "linear", "catboost"])
def test_stack_of_every_library_under_each(final: str, names: tuple[str, ...], passthrough: bool) -> None:
    models = CLASSIFIERS if names else REGRESSORS
    if final == "catboost" and final not in models:
        pytest.skip(f"{final} is not installed")
    kind = StackingClassifier if names else StackingRegressor
    members = [(name, models[name]()) for name in ("xgboost", "rf", "histgb", "lgbm")]
    last = models[final]() if final in models else LogisticRegression(max_iter=2000) if names else RidgeCV()
    fitted = fit(kind(members, last, cv=2, passthrough=passthrough), names)
    report = fitted.check()
    assert report.rows["holdout"] == 500
    assert final == "linear" or report.rows["final threshold"] > 100


def test_wrong_threshold_of_the_final_estimator_is_refused() -> None:
    members = [("rf", CLASSIFIERS["rf"]()), ("lgbm", CLASSIFIERS["lgbm"]())]
    fitted = fit(StackingClassifier(members, CLASSIFIERS["histgb"](), cv=2), ("n", "y"))
    model = onnx.load_from_string(fitted.export())
    last = [node for node in model.graph.node if node.op_type == "TreeEnsemble"][-1]
    stored = next(item for item in last.attribute if item.name == "nodes_splits").t
    values = numpy_helper.to_array(stored).copy()
    values[5] = np.nextafter(values[5], np.inf)
    stored.CopyFrom(numpy_helper.from_array(values))
    with pytest.raises(Rejected, match=r"final threshold rows unequal.*column '(rf|lgbm)' changed"):
        fitted.check(model.SerializeToString())


def test_final_estimators_columns_are_named() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 2))
    parts = [("a", CLASSIFIERS["rf"]()), ("b", CLASSIFIERS["lrl2"]())]
    two = StackingClassifier(parts, passthrough=True).fit(rows, np.arange(60) % 2)
    three = StackingClassifier(parts).fit(rows, np.arange(60) % 3)
    value = StackingRegressor([("a", REGRESSORS["rf"]())]).fit(rows, rows[:, 0])
    assert meta_columns(two, ["x", "y"]) == ["a", "b", "x", "y"]
    assert meta_columns(three, ["x", "y"]) == ["a 0", "a 1", "a 2", "b 0", "b 1", "b 2"]
    assert meta_columns(value, ["x", "y"]) == ["a"]


@pytest.mark.parametrize("names", [("n", "y"), ("a", "b", "c"), ()])
def test_dummies_say_the_same_of_every_row(names: tuple[str, ...]) -> None:
    report = fit(DummyClassifier() if names else DummyRegressor(), names).check()
    assert report.largest_difference == 0.0
    assert report.rows["holdout"] == 500


def test_dummy_that_draws_its_answers_is_refused() -> None:
    with pytest.raises(Rejected, match="expected the strategy prior, mean or median, got 'uniform'"):
        fit(DummyClassifier(strategy="uniform"), ("n", "y")).export()
