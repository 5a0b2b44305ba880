"""The numeric rules each library has, on matrices that bring them out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier, XGBRegressor

from automl.errors import Rejected
from automl.export import lightgbm, runtime, xgboost
from automl.export.family import family_of, result_name
from automl.export.graph import Graph, declare
from automl.export.prep import MATRIX
from tests.unit.export.models import wrapped
from tests.unit.export.tables import fit

RNG = np.random.default_rng(3)
TINY = np.float32(1e-35)
Matrix = npt.NDArray[np.floating[Any]]


def answer(model: Any, matrix: Matrix) -> npt.NDArray[np.float64]:
    """What the exported estimator alone gives: probabilities or values."""
    graph = Graph("model")
    name = result_name(model)
    result = family_of(type(model).__name__).emit(graph, model, MATRIX).result
    graph.op("Identity", result, output=name)
    width = len(model.classes_) if name == "probabilities" else 1
    whole = graph.model([declare(MATRIX, np.float32, matrix.shape[1])], [declare(name, np.float64, width)])
    session = runtime.session(whole.SerializeToString())
    return runtime.run(session, {MATRIX: matrix.astype(np.float32)})[name]


def expected(model: Any, matrix: Matrix) -> npt.NDArray[np.float64]:
    """What the library gives."""
    doubles = matrix.astype(np.float32).astype(np.float64)
    return np.asarray(
        model.predict_proba(doubles) if hasattr(model, "predict_proba") else model.predict(doubles).reshape(-1, 1)
    )


def around_zero() -> Matrix:
    edges = [0.0, -0.0, 1e-45, -1e-45, TINY, -TINY, np.nextafter(TINY, 1), np.nextafter(-TINY, -1), 1.0, -1.0, np.nan]
    return np.array(edges, dtype=np.float32).reshape(-1, 1)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_lightgbm_reads_tiny_numbers_as_zero_and_missing_ones_by_their_type(sign: float, missing: float) -> None:
    matrix = np.where(RNG.random((300, 1)) < 0.5, 0.0, sign * np.abs(RNG.normal(size=(300, 1))))
    target = (matrix[:, 0] != 0) * 5.0
    matrix[RNG.random(300) < missing] = np.nan
    model = LGBMRegressor(n_jobs=1, n_estimators=5, min_child_samples=2, verbose=-1).fit(matrix, target)
    thresholds = np.concatenate([tree.threshold for tree in lightgbm.read(model).trees])
    assert np.abs(thresholds).min() <= np.nextafter(float(TINY), 1)
    assert np.array_equal(answer(model, around_zero()), expected(model, around_zero()))


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
def test_xgboost_sends_missing_values_by_default_and_equal_ones_right(kind: Any, missing: float) -> None:
    matrix = RNG.integers(-3, 4, (400, 3)).astype(float) / 4
    target = (matrix @ [1.0, -2.0, 0.5] > 0).astype(int)
    matrix[RNG.random(matrix.shape) < missing] = np.nan
    model = kind(n_estimators=20, max_depth=3, n_jobs=1).fit(matrix, target)
    rows = np.concatenate([matrix, np.full((1, 3), np.nan), np.nextafter(matrix, -9), np.nextafter(matrix, 9)])
    np.testing.assert_allclose(answer(model, rows), expected(model, rows), rtol=0, atol=2e-7)


def test_random_forest_sends_missing_values_as_in_training() -> None:
    matrix = RNG.normal(size=(300, 3))
    target = (matrix[:, 0] > 0) | (matrix[:, 1] > 1)
    matrix[RNG.random(matrix.shape) < 0.2] = np.nan
    model = RandomForestClassifier(30, random_state=0, n_jobs=1).fit(matrix.astype(np.float32), target)
    rows = np.concatenate([matrix, np.full((1, 3), np.nan)])
    assert np.array_equal(answer(model, rows), expected(model, rows))


@pytest.mark.parametrize(
    "model",
    [
        LGBMClassifier(n_jobs=1, n_estimators=3, verbose=-1),
        LGBMRegressor(n_jobs=1, n_estimators=3, verbose=-1),
        XGBClassifier(n_jobs=1, n_estimators=3),
        XGBRegressor(n_jobs=1, n_estimators=3),
        RandomForestClassifier(3, n_jobs=1),
        ExtraTreesRegressor(3, n_jobs=1),
    ],
    ids=lambda model: type(model).__name__,
)
def test_trees_that_are_one_leaf(model: Any) -> None:
    matrix, target = np.ones((60, 2)), np.arange(60) % 3 == 0
    model.fit(matrix, target.astype(int))
    np.testing.assert_allclose(answer(model, matrix), expected(model, matrix), rtol=0, atol=1e-7)


def test_pruned_xgboost_trees_keep_their_numbering() -> None:
    matrix = RNG.normal(size=(300, 4))
    model = XGBRegressor(n_jobs=1, n_estimators=20, max_depth=6, gamma=20.0, tree_method="exact")
    model.fit(matrix, matrix[:, 0] * 10 + RNG.normal(size=300))
    assert np.array_equal(answer(model, matrix), expected(model, matrix))


def test_several_parallel_trees_a_round() -> None:
    matrix = RNG.normal(size=(300, 4))
    model = XGBClassifier(n_jobs=1, n_estimators=4, num_parallel_tree=3, subsample=0.5, random_state=0)
    model.fit(matrix, RNG.integers(0, 3, 300))
    np.testing.assert_allclose(answer(model, matrix), expected(model, matrix), rtol=0, atol=2e-7)


def test_early_stopped_models_use_their_best_iteration() -> None:
    matrix, target = RNG.normal(size=(400, 3)), RNG.integers(0, 2, 400)
    held, truth = RNG.normal(size=(100, 3)), RNG.integers(0, 2, 100)
    light = LGBMClassifier(n_jobs=1, n_estimators=50, verbose=-1)
    light.fit(matrix, target, eval_X=(held,), eval_y=(truth,), callbacks=[early_stopping(3, verbose=False)])
    extreme = XGBClassifier(n_jobs=1, n_estimators=50, early_stopping_rounds=3)
    extreme.fit(matrix, target, eval_set=[(held, truth)], verbose=False)
    assert len(lightgbm.read(light).trees) == light.best_iteration_ < 50
    assert len(xgboost.read(extreme).trees) == 1 + extreme.best_iteration + 1 < 50  # and the base score
    for model in (light, extreme):
        np.testing.assert_allclose(answer(model, matrix), expected(model, matrix), rtol=0, atol=2e-7)


@pytest.mark.parametrize("stored", ["2.5E-1", "[2.5E-1]"], ids=["xgboost 2", "xgboost 3"])
def test_base_score_is_read_as_both_xgboosts_write_it(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = XGBClassifier(n_jobs=1, n_estimators=2, base_score=0.25).fit(
        RNG.normal(size=(50, 2)), RNG.integers(0, 2, 50)
    )
    raw = json.loads(model.get_booster().save_raw("json"))
    raw["learner"]["learner_model_param"]["base_score"] = stored
    booster = model.get_booster()
    monkeypatch.setattr(booster, "save_raw", lambda _: json.dumps(raw).encode())
    assert xgboost.read(model).trees[0].leaf[0] == pytest.approx(-np.log(3), rel=1e-7)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_sgd_sees_rows_of_length_one_and_names_the_class_of_the_largest_score(loss: str, classes: int) -> None:
    matrix = RNG.normal(size=(300, 3)).astype(np.float32).astype(np.float64)
    model = wrapped("SGDEstimator", loss=loss, alpha=1e-6, tol=0.01)
    model.fit(matrix, np.argmax(matrix @ RNG.normal(size=(3, classes)), axis=1))
    rows = np.concatenate([matrix, np.zeros((1, 3)), np.full((1, 3), 1e-16), np.full((1, 3), 1e-30), matrix * 1e6])
    np.testing.assert_allclose(answer(model.estimator, rows), expected(model, rows), rtol=0, atol=1e-9)
    saturated = answer(model.estimator, rows)
    scores = model.estimator.decision_function(model._preprocess(rows.astype(np.float32).astype(np.float64)))
    if loss == "modified_huber":
        assert ((saturated == saturated.max(axis=1, keepdims=True)).sum(axis=1) > 1).any() or classes == 2
    assert scores.shape[0] == len(rows)


def test_xgboost_probabilities_are_those_of_its_own_rounding() -> None:
    matrix = RNG.normal(size=(4000, 4)).astype(np.float32)
    for classes in (2, 3):
        model = XGBClassifier(n_jobs=1, n_estimators=40).fit(matrix, RNG.integers(0, classes, 4000))
        assert (answer(model, matrix) != expected(model, matrix)).mean() < 0.002


def test_catboost_borders_and_missing_values() -> None:
    catboost = pytest.importorskip("catboost", reason="catboost is not installed")
    matrix = (RNG.integers(-4, 5, (400, 3)) / 4).astype(np.float32).astype(np.float64)
    given: dict[str, Any] = {"n_estimators": 20, "verbose": False, "allow_writing_files": False, "thread_count": 1}
    for model in (catboost.CatBoostClassifier(**given), catboost.CatBoostClassifier(**given, nan_mode="Max")):
        holes = np.where(RNG.random(matrix.shape) < 0.2, np.nan, matrix)
        model.fit(holes, (matrix[:, 0] > 0).astype(int))
        beside = [np.nextafter(matrix.astype(np.float32), np.float32(side)) for side in (-9, 9)]
        rows = np.concatenate([holes, matrix, *beside])
        np.testing.assert_allclose(answer(model, rows), expected(model, rows), rtol=0, atol=1e-14)


def test_catboost_keeps_the_trees_up_to_its_best_iteration() -> None:
    catboost = pytest.importorskip("catboost", reason="catboost is not installed")
    from automl.export.catboost import read

    matrix, target = RNG.normal(size=(400, 3)), RNG.integers(0, 2, 400)
    model = catboost.CatBoostClassifier(n_estimators=200, verbose=False, allow_writing_files=False, thread_count=1)
    model.fit(matrix[:300], target[:300], eval_set=(matrix[300:], target[300:]), use_best_model=True)
    assert len(read(model).trees) == model.get_best_iteration() + 1 < 200


def test_xgboost_thresholds_are_the_float32_they_print() -> None:
    model = XGBRegressor(n_jobs=1, n_estimators=10).fit(RNG.normal(size=(300, 3)), RNG.normal(size=300))
    thresholds = np.concatenate([tree.threshold for tree in xgboost.read(model).trees])
    assert np.array_equal(thresholds, thresholds.astype(np.float32).astype(np.float64))


def test_weights_that_float32_cannot_hold_are_kept() -> None:
    matrix = RNG.normal(size=(200, 3))
    model = LogisticRegression(C=100.0).fit(matrix, (matrix[:, 0] > 0).astype(int))
    model.coef_ = model.coef_ + 1e-12
    np.testing.assert_allclose(answer(model, matrix), expected(model, matrix), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("model", "got"),
    [
        (LGBMRegressor(n_jobs=1, n_estimators=3, objective="poisson", verbose=-1), "'poisson'"),
        (LGBMClassifier(n_jobs=1, n_estimators=3, objective="binary", sigmoid=2.0, verbose=-1), "'binary sigmoid:2'"),
        (LGBMRegressor(n_jobs=1, n_estimators=3, linear_tree=True, min_child_samples=2, verbose=-1), "linear_tree"),
        (
            LGBMRegressor(n_jobs=1, n_estimators=3, zero_as_missing=True, min_child_samples=2, verbose=-1),
            "zero_as_missing",
        ),
        (XGBRegressor(n_jobs=1, n_estimators=3, objective="count:poisson"), "gbtree with 'count:poisson'"),
        (XGBRegressor(n_jobs=1, n_estimators=3, booster="gblinear", updater="coord_descent"), "a gblinear with"),
        (XGBRegressor(n_jobs=1, n_estimators=3, booster="dart"), "a dart with"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_what_is_not_reproduced_exactly_is_refused(model: Any, got: str) -> None:
    classifier = isinstance(model, LGBMClassifier)
    with pytest.raises(Rejected, match=got):
        fit(
            model,
            ("n", "y") if classifier else (),
            fit_with=lambda estimator, matrix, target: estimator.fit(matrix, np.abs(target)),
        ).export()
