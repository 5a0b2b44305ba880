from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl.errors import InvalidInput, Rejected
from automl.export import CHOSEN, SUPPORTED, Task
from automl.spec_sections import Search
from automl.training.choices import estimators_for, metric_for
from automl.training.search import Found, Trial, fitted_of, search


def problem(rows: int = 400, seed: int = 0) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, 4))
    return matrix, (matrix[:, 0] + matrix[:, 1] ** 2 > 0.8).astype(np.int64)


def run(settings: Search, **more: Any) -> Found:
    matrix, target = problem()
    given: dict[str, Any] = {"task": "classification", "classes": 2, "kind": "stratified", **more}
    return search(given.pop("matrix", matrix), given.pop("target", target), settings=settings, **given)


def test_every_trial_is_told_of_as_it_happens() -> None:
    told: list[Trial] = []
    found = run(Search(time_budget=60, max_iter=4, estimator_list=("lgbm",)), on_trial=told.append)
    assert [trial.trials for trial in told] == [1, 2, 3, 4] == list(range(1, found.trials + 1))
    assert [trial.share for trial in told] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    losses = [trial.best_loss for trial in told]
    assert losses == sorted(losses, reverse=True)
    assert told[-1].best_loss == found.best_loss
    assert told[-1].estimator == found.estimator == "lgbm"
    assert told[-1].points == found.starting_points


def test_the_outcome_is_plain_json_and_warm_starts_the_next_search() -> None:
    first = run(Search(time_budget=60, max_iter=6, estimator_list=("lgbm", "rf")))
    assert {type(value) for config in first.starting_points.values() for value in config.values()} <= {
        int,
        float,
        str,
    }
    told: list[Trial] = []
    again = run(
        Search(time_budget=60, max_iter=2, estimator_list=("lgbm",)),
        starting_points={**first.starting_points, "unheard-of": {"a": 1}},
        on_trial=told.append,
    )
    assert told[0].best_loss == pytest.approx(first_loss(first, "lgbm"))
    assert set(again.starting_points) == {"lgbm"}


def first_loss(found: Found, estimator: str) -> float:
    return float(found.model.best_loss_per_estimator[estimator])


def test_the_fitted_model_predicts_class_codes() -> None:
    matrix, target = problem()
    found = run(Search(time_budget=60, max_iter=3))
    assert set(np.unique(found.model.predict(matrix)).tolist()) <= {0, 1}
    assert (found.model.predict(matrix) == target).mean() > 0.7


def test_the_final_model_is_fitted_on_every_row_it_was_given() -> None:
    """FLAML keeps rows for validation during the search; the final fit takes them back."""
    found = run(Search(time_budget=60, max_iter=3, estimator_list=("rf",)))
    trees = found.model.model.estimator.estimators_
    assert {round(float(tree.tree_.weighted_n_node_samples[0])) for tree in trees} == {400}


def test_the_default_metric_follows_from_the_task() -> None:
    assert metric_for(Search(), "classification", 2) == "roc_auc"
    assert metric_for(Search(), "classification", 3) == "log_loss"
    assert metric_for(Search(), "regression", 0) == "r2"
    assert metric_for(Search(metric="mae"), "regression", 0) == "mae"


@pytest.mark.parametrize(("metric", "classes"), [("acuracy", 2), ("r2", 2), ("roc_auc", 3), ("f1", 3)])
def test_a_metric_the_task_does_not_have_is_refused(metric: str, classes: int) -> None:
    with pytest.raises(InvalidInput, match=r"Field 'search\.metric': expected one of auto, accuracy"):
        metric_for(Search(metric=metric), "classification", classes)


def test_an_estimator_that_cannot_be_exported_is_refused_by_name_before_the_search() -> None:
    with pytest.raises(InvalidInput, match=r"Field 'search\.estimator_list'.*got 'kneighbor'"):
        run(Search(estimator_list=("lgbm", "kneighbor")), on_trial=lambda _: pytest.fail("it searched"))
    with pytest.raises(InvalidInput, match="Did you mean 'lgbm'"):
        estimators_for(Search(estimator_list=("lgb",)), "regression")


def test_without_a_list_flamls_own_choice_is_tried() -> None:
    chosen = {"lgbm", "rf", "xgboost", "extra_tree", "xgb_limitdepth", "sgd"}
    assert set(estimators_for(Search(), "regression")) - {"catboost"} == chosen
    assert set(estimators_for(Search(), "classification")) - {"catboost"} == chosen | {"lrl1"}
    assert set(CHOSEN["regression"]) < set(SUPPORTED["regression"])


@pytest.mark.parametrize(
    ("name", "task", "reason"),
    [
        ("kneighbor", "classification", "would put every row it was trained on into the model"),
        ("transformer", "classification", "Language models are not served"),
        ("arima", "regression", "Forecasts of time series are not served"),
        ("lgbm_spark", "regression", "a model of Spark"),
        ("lrl1", "regression", "It has no regression"),
        ("enet", "classification", "It has no classification"),
    ],
)
def test_what_is_not_exported_is_refused_with_the_reason(name: str, task: Task, reason: str) -> None:
    with pytest.raises(InvalidInput, match=rf"got '{name}'.*{reason}"):
        estimators_for(Search(estimator_list=(name,)), task)


def test_an_ensemble_is_found_as_one_model() -> None:
    found = run(Search(time_budget=60, max_iter=12, estimator_list=("rf", "extra_tree"), ensemble=True))
    assert type(fitted_of(found.model)).__name__ == "StackingClassifier"


def test_a_search_without_any_loss_is_rejected() -> None:
    matrix, target = problem()
    matrix[:, 0] = np.inf
    with pytest.raises(Rejected, match="FLAML could not search"):
        run(Search(time_budget=60, max_iter=2, estimator_list=("lrl1",)), matrix=matrix, target=target)


def test_rare_classes_survive_validation() -> None:
    matrix, target = problem()
    target[:2], target[2:5] = 2, 3
    found = run(Search(time_budget=60, max_iter=3, estimator_list=("lgbm", "rf")), classes=4, target=target)
    assert found.model.predict_proba(matrix).shape == (400, 4)


def test_flaml_says_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        run(Search(time_budget=60, max_iter=3))
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.name.startswith("flaml")]
