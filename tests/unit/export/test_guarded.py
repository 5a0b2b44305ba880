"""What the exporters emit is what serving lets in, operator for operator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import StackingClassifier, StackingRegressor

from automl.export.prep import feeds
from automl.export.runtime import run, session
from automl.scoring import guard, runtime
from tests.unit.export.models import CLASSIFIERS, REGRESSORS, wrapped
from tests.unit.export.tables import fit, tensors

Make = Callable[[], Any]


def stacked(kind: Any, models: dict[str, Make]) -> Any:
    return kind([("lgbm", models["lgbm"]()), ("rf", models["rf"]())], models["lgbm"](), passthrough=True, cv=2)


def cases() -> Iterator[tuple[str, Make, tuple[str, ...]]]:
    for names in (("n", "y"), ("a", "b", "c"), ()):
        models = CLASSIFIERS if names else REGRESSORS
        dummy, stack = (DummyClassifier, StackingClassifier) if names else (DummyRegressor, StackingRegressor)
        known: dict[str, Make] = {
            **models,
            "dummy": dummy,
            "stack": partial(stacked, stack, models),
        }
        if names:
            known["sgd with log loss"] = lambda: wrapped("SGDEstimator", loss="log_loss", alpha=1e-5)
        yield from ((f"{name} {len(names)}", make, names) for name, make in known.items())


@pytest.fixture(scope="module")
def exported() -> dict[str, bytes]:
    return {name: fit(make(), names).export() for name, make, names in cases()}


def test_every_export_is_let_in(exported: dict[str, bytes]) -> None:
    assert len(exported) >= 3 * 11
    for model in exported.values():
        guard.check(model)


def test_every_export_answers_in_serving_as_it_does_anywhere(exported: dict[str, bytes]) -> None:
    rows = feeds(tensors(np.random.default_rng(7), 200, unseen=0.1))
    for model in exported.values():
        plain, served = run(session(model), rows), run(runtime.session(model), rows)
        assert {name: array.tolist() for name, array in plain.items()} == {
            name: array.tolist() for name, array in served.items()
        }


def test_every_operator_that_is_let_in_is_emitted(exported: dict[str, bytes]) -> None:
    emitted = defaultdict(set)
    for model in exported.values():
        for node in onnx.load_model_from_string(model).graph.node:
            emitted[node.domain].add(node.op_type)
    assert emitted == guard.OPERATORS
