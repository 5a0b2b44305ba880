"""Every estimator that can be exported gives FLAML's answers, to the last label."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from automl.errors import Rejected
from automl.export import SUPPORTED, parity
from automl.export.build import build
from automl.export.prep import Prep, feeds
from automl.export.runtime import run, session
from automl.signature import Feature, Label, Signature, Task
from automl.tensors import Tensors
from automl.values import MISSING
from tests.unit.export.models import CLASSIFIERS, LINEAR, REGRESSORS
from tests.unit.export.tables import Fitted, fit, signature, target, tensors, with_features

CLASSES: dict[int, tuple[Label, ...]] = {2: ("<=50K", ">50K"), 3: (10, 20, 30), 5: ("a", "b", "c", "d", "ü")}
EXACT = 1e-12
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


def test_every_supported_estimator_is_tested_here() -> None:
    assert set(SUPPORTED["classification"]) == set(CLASSIFIERS)
    assert set(SUPPORTED["regression"]) == set(REGRESSORS)


@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_gives_the_same_labels_and_probabilities(name: str, classes: tuple[Label, ...]) -> None:
    report = fit(CLASSIFIERS[name](), classes).check()
    assert report.rows["holdout"] == 500
    assert report.rows["golden"] == 10
    assert report.rows["raw"] > 50
    assert report.ties == 0
    assert report.largest_difference <= (5e-7 if name.startswith("xgb") else EXACT)
    assert name in LINEAR or report.rows["threshold"] > 500


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressor_gives_the_same_values(name: str) -> None:
    report = fit(REGRESSORS[name]()).check()
    assert report.largest_difference <= (report.tolerance / 10 if name in LINEAR else 0.0)
    assert report.tolerance > 0.0


WEIGHTED = sorted({*CLASSIFIERS} | {*REGRESSORS})


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize("classes", [("n", "y"), ("a", "b", "c"), ()], ids=len)
def test_models_of_weighted_rows_export_exactly(name: str, classes: tuple[str, ...]) -> None:
    models = CLASSIFIERS if classes else REGRESSORS
    if name not in models or name == "lassolars":
        pytest.skip(f"{name} takes no weights for this task")

    def weighted(estimator: Any, matrix: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator.fit(matrix, truth, sample_weight=np.where(np.arange(len(truth)) % 3, 1.0, 7.25))
        return estimator

    report = fit(models[name](), classes, fit_with=weighted).check()
    assert report.rows["holdout"] == 500


@pytest.mark.parametrize("name", ["lgbm", "rf", "extra_tree", "lrl1", "lrl2", "histgb"])
def test_models_of_balanced_classes_export_exactly(name: str) -> None:
    report = fit(CLASSIFIERS[name]().set_params(class_weight="balanced"), ("a", "b", "c")).check()
    assert report.largest_difference <= EXACT


def test_boolean_classes_are_answered_as_text() -> None:
    fitted = fit(CLASSIFIERS["lgbm"](), (False, True))
    assert fitted.check().to_json()["labels_unequal"] == 0


def test_deep_forest_on_few_rows_ties_without_being_refused() -> None:
    forest = CLASSIFIERS["rf"]().set_params(n_estimators=4, n_jobs=2)
    report = fit(forest, ("n", "y"), rows=40).check()
    assert report.largest_difference <= EXACT


@pytest.mark.parametrize("names", [("age", "at"), ("work", "town"), ("same", "only"), ("member",)], ids="-".join)
@pytest.mark.parametrize("name", ["lgbm", "xgboost", "rf", "lrl1"])
def test_tables_without_numbers_or_without_categories_or_without_signal(name: str, names: tuple[str, ...]) -> None:
    rng = np.random.default_rng(1)
    rows = tensors(rng, 300)
    used = with_features(signature(("n", "y")), *names)
    number = [index for index, feature in enumerate(signature().numbers) if feature.name in names]
    text = [index for index, feature in enumerate(signature().categories) if feature.name in names]
    narrow = Tensors(num=rows.num[:, number], cat=rows.cat[:, text])
    prep = Prep.fit(used, narrow[:200])
    model = CLASSIFIERS[name]().fit(prep.transform(narrow[:200]).astype(float), target(rng, rows[:200], 2))
    report = Fitted(signature=used, prep=prep, estimator=model, holdout=narrow[200:]).check()
    assert report.rows["holdout"] == 100


@st.composite
def tables(draw: st.DrawFn) -> tuple[Signature, Tensors, np.ndarray[Any, Any]]:
    """A table of 1 to 4 numeric and 0 to 3 text columns of any kind, and a target of 2 to 5 classes or a number."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns, features = 120, [], []
    for index in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["normal", "constant", "huge", "tiny", "integers", "moments", "missing"]))
        column = {
            "normal": rng.normal(size=rows),
            "constant": np.full(rows, 3.25),
            "huge": rng.normal(size=rows) * 1e300,
            "tiny": rng.normal(size=rows) * 1e-300,
            "integers": rng.integers(-2, 3, rows).astype(float),
            "moments": rng.integers(-(10**10), 10**10, rows).astype(float),
            "missing": np.full(rows, np.nan),
        }[kind]
        column[rng.random(rows) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
        columns.append(column)
        features.append(Feature(name=f"n{index}", type="datetime" if kind == "moments" else "number"))
    texts = []
    for index in range(draw(st.integers(0, 3))):
        names = draw(st.lists(NAMES, min_size=1, max_size=15))
        pool = np.array([*names, MISSING] if draw(st.booleans()) else names, dtype=object)
        texts.append(pool[rng.integers(0, len(pool), rows)])
        features.append(Feature(name=f"c{index}", type="category"))
    num = np.column_stack(columns)
    cat = np.column_stack(texts) if texts else np.empty((rows, 0), dtype=object)
    classes = draw(st.sampled_from([0, 2, 3, 4, 5]))
    score = np.nan_to_num(num[:, 0] / (np.nanmax(np.abs(num[:, 0])) if np.isfinite(num[:, 0]).any() else 1.0))
    score = score + rng.normal(scale=0.2, size=rows)
    truth = score if not classes else np.arange(rows) % classes
    given_classes = tuple(f"class {index}" for index in range(classes))
    task: Task = "classification" if classes else "regression"
    used = Signature(features=tuple(features), target="y", task=task, classes=given_classes)
    return used, Tensors(num=num, cat=cat), truth


@settings(max_examples=40)
@given(table=tables(), data=st.data())
def test_any_table_exports_exactly(
    table: tuple[Signature, Tensors, np.ndarray[Any, Any]], data: st.DataObject
) -> None:
    used, rows, truth = table
    models = CLASSIFIERS if used.classes else REGRESSORS
    name = data.draw(st.sampled_from(sorted(models)), label="estimator")
    prep = Prep.fit(used, rows[:80])
    estimator = models[name]()
    matrix = prep.transform(rows[:80]).astype(float)
    assume(name != "catboost" or np.ptp(matrix, axis=0).any())  # it refuses to learn from constants
    if name in ("lrl1", "lrl2"):
        estimator.set_params(tol=10.0)  # parity does not need a good fit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(matrix, truth[:80])
    report = Fitted(signature=used, prep=prep, estimator=estimator, holdout=rows[80:]).check()
    assert report.rows["holdout"] == 40


FOREST = {"n_estimators": st.integers(1, 30), "max_leaf_nodes": st.integers(2, 60), "max_features": st.floats(0.1, 1)}
BOOST = {
    "n_estimators": st.integers(1, 40),
    "learning_rate": st.floats(1e-3, 1),
    "reg_alpha": st.floats(1e-3, 100),
    "reg_lambda": st.floats(1e-3, 100),
    "colsample_bytree": st.floats(0.05, 1),
}
HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    "lgbm": {**BOOST, "num_leaves": st.integers(2, 80), "min_child_samples": st.integers(1, 60),
             "max_bin": st.sampled_from([7, 31, 255, 1023])},
    "xgboost": {**BOOST, "max_leaves": st.integers(2, 60), "subsample": st.floats(0.3, 1)},
    "xgb_limitdepth": {**BOOST, "max_depth": st.integers(1, 12), "min_child_weight": st.floats(1e-3, 50)},
    "rf": FOREST,
    "extra_tree": FOREST,
    "histgb": {"max_iter": st.integers(1, 40), "learning_rate": st.floats(1e-3, 1),
               "max_leaf_nodes": st.integers(2, 60), "max_bins": st.sampled_from([7, 31, 255]),
               "l2_regularization": st.floats(1e-3, 100)},
}  # fmt: skip


@settings(max_examples=40)
@given(data=st.data())
def test_any_hyperparameters_export_exactly(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(HYPERPARAMETERS)), label="estimator")
    classes = data.draw(st.sampled_from([0, 2, 3, 6]), label="classes")
    drawn = data.draw(st.fixed_dictionaries(HYPERPARAMETERS[name]), label="hyperparameters")
    rows = data.draw(st.integers(30, 300), label="rows")
    estimator = (CLASSIFIERS if classes else REGRESSORS)[name]().set_params(**drawn)
    fitted = fit(estimator, tuple("abcdef"[:classes]), rows=rows, seed=data.draw(st.integers(0, 99), label="seed"))
    assert fitted.check().rows["holdout"] == 500


def test_single_rows_score_as_they_do_together() -> None:
    for models, classes in ((CLASSIFIERS, ("a", "b", "c")), (REGRESSORS, ())):
        for make in models.values():
            fitted = fit(make(), classes)
            scoring, rows = session(fitted.export()), fitted.holdout[:20]
            together = run(scoring, feeds(rows))
            for output, values in together.items():
                alone = np.concatenate([run(scoring, feeds(rows[at : at + 1]))[output] for at in range(20)])
                assert (
                    (values == alone).all() if output == "label" else np.allclose(values, alone, rtol=1e-12, atol=0)
                )


@pytest.mark.parametrize(("name", "classes"), [("lgbm", 2), ("rf", 3), ("lrl1", 3), ("xgboost", 0), ("lgbm", 0)])
def test_model_found_by_flaml_exports_exactly(name: str, classes: int) -> None:
    with warnings.catch_warnings():  # FLAML's own imports and two-trial fits warn; this test is about the result
        warnings.simplefilter("ignore")
        rng = np.random.default_rng(2)
        train, holdout = tensors(rng, 400), tensors(rng, 300, unseen=0.1)
        used = signature(tuple(f"class {index}" for index in range(classes)))
        prep = Prep.fit(used, train)
        truth = target(rng, train, classes)
        labels = np.array(used.classes, dtype=object)[truth] if classes else truth
        automl: Any = import_module("flaml").AutoML()  # so, because FLAML's annotations are partial
        automl.fit(
            prep.transform(train).astype(float), labels, task=used.task, estimator_list=[name], max_iter=2,
            time_budget=3, n_jobs=1, verbose=0, seed=0,
        )  # fmt: skip
        order = tuple(automl._label_transformer.classes_) if classes else ()
        model = build(prep, automl.model.estimator, used, order)
        report = parity.check(
            model, prep, automl.predict, automl.predict_proba if classes else None, used,
            holdout=holdout, golden=train[:5],
        )  # fmt: skip
    assert report.rows["holdout"] == 300


def test_no_holdout_row_is_an_error_not_a_pass() -> None:
    fitted = fit(CLASSIFIERS["lgbm"](), ("n", "y"))
    with pytest.raises(ValueError, match="at least one holdout row"):
        Fitted(
            signature=fitted.signature, prep=fitted.prep, estimator=fitted.estimator, holdout=fitted.holdout[:0]
        ).check()


def test_estimator_of_another_kind_is_refused_by_name() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    with pytest.raises(Rejected, match=r"got KNeighborsClassifier.*estimator_list"):
        fit(KNeighborsClassifier(), ("n", "y")).export()
