"""Every metric equals scikit-learn's, on growing prefixes and with ties."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from automl.evaluation import metrics

PREFIXES = (20, 60, 250)


def _classified(classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(classes)
    truth = rng.integers(0, classes, 250)
    raw = rng.random((250, classes)).round(1) + 0.05  # rounded: many ties
    raw[np.arange(250), truth] += 0.3
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    return truth, probabilities.argmax(axis=1), probabilities


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("n", PREFIXES)
def test_classification_metrics_equal_scikit_learn(classes: int, n: int) -> None:
    truth, predicted, probabilities = (column[:n] for column in _classified(classes))
    found = metrics.classification(truth, predicted, probabilities)
    scores = probabilities[:, 1] if classes == 2 else probabilities
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(truth, predicted))
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(truth, scores, multi_class="ovr"))
    assert found["log_loss"] == pytest.approx(reference.log_loss(truth, probabilities))


@pytest.mark.parametrize("n", PREFIXES)
def test_regression_metrics_equal_scikit_learn(n: int) -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(100, 10, n)
    predicted = truth + rng.normal(0, 4, n)
    found = metrics.regression(truth, predicted)
    assert found["r2"] == pytest.approx(reference.r2_score(truth, predicted))
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, predicted))
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(truth, predicted))


def test_a_certain_but_wrong_probability_has_a_finite_log_loss() -> None:
    truth, probabilities = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])
    assert metrics.log_loss(truth, probabilities) == pytest.approx(
        reference.log_loss(truth, probabilities, labels=[0, 1])
    )


def test_a_metric_that_cannot_be_told_is_left_out() -> None:
    one_class = metrics.classification(np.array([1, 1]), np.array([1, 0]), np.array([[0.2, 0.8], [0.6, 0.4]]))
    assert sorted(one_class) == ["accuracy", "log_loss"]
    assert sorted(metrics.regression(np.array([3.0, 3.0]), np.array([3.0, 4.0]))) == ["mae", "rmse"]


@pytest.mark.parametrize(
    ("name", "better", "worse"),
    [("accuracy", 0.9, 0.8), ("roc_auc", 0.9, 0.8), ("r2", 0.5, -1.0), ("rmse", 1.0, 2.0)],
)
def test_each_metric_knows_its_direction(name: str, better: float, worse: float) -> None:
    metric = metrics.METRICS[name]
    assert metric.better(better, worse)
    assert not metric.better(worse, better)
    assert not metric.better(better, better)


def test_labels_become_positions_and_an_unknown_label_is_an_error() -> None:
    assert metrics.codes(["b", "a", "b"], ["a", "b"]).tolist() == [1, 0, 1]
    with pytest.raises(KeyError, match="c"):
        metrics.codes(["c"], ["a", "b"])
