"""Running metrics equal scikit-learn's on every prefix, rows can be taken away, and intervals hold the truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as reference

from automl.evaluation import class_metrics
from automl.evaluation.class_sums import BINS, ClassSums
from automl.evaluation.measured import Measured
from automl.evaluation.number_sums import NumberSums

ROWS = 120
Floats = npt.NDArray[np.float64]


def classified(classes: int, rows: int = ROWS) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    rng = np.random.default_rng(classes)
    truth = rng.integers(0, classes, rows)
    raw = rng.random((rows, classes)) + 0.02
    raw[np.arange(rows), truth] += 0.3
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    return truth, probabilities.argmax(axis=1), probabilities


def by_name(found: list[Measured]) -> dict[str, float]:
    return {one.metric: one.value for one in found}


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
def test_class_metrics_equal_scikit_learn_on_every_prefix(classes: int) -> None:
    truth, predicted, probabilities = classified(classes)
    kept, codes = ClassSums(classes), list(range(classes))
    sums = np.zeros(kept.size)
    for n in range(1, ROWS + 1):
        sums += kept.of(truth[n - 1 : n], predicted[n - 1 : n], probabilities[n - 1 : n])
        found = by_name(class_metrics.measure(kept, sums))
        t, p, q = truth[:n], predicted[:n], probabilities[:n]
        assert found["accuracy"] == pytest.approx(reference.accuracy_score(t, p))
        assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(t, p))
        assert found["log_loss"] == pytest.approx(reference.log_loss(t, q, labels=codes))
        if classes == 2:
            assert found["f1"] == pytest.approx(reference.f1_score(t, p, zero_division=0.0))
            assert found["brier_score"] == pytest.approx(reference.brier_score_loss(t, q[:, 1], labels=codes))
        else:
            assert found["f1_macro"] == pytest.approx(reference.f1_score(t, p, average="macro"))
            assert found["brier_score"] == pytest.approx(reference.brier_score_loss(t, q, labels=codes))
        if len(set(t.tolist())) == classes:
            binned = np.floor(q * BINS)
            scores = binned[:, 1] if classes == 2 else binned
            area = (
                reference.roc_auc_score(t, scores)
                if classes == 2
                else np.mean([reference.roc_auc_score(t == code, binned[:, code]) for code in codes])
            )
            assert found["roc_auc"] == pytest.approx(area)
            exact = reference.roc_auc_score(t, q[:, 1] if classes == 2 else q, multi_class="ovr")
            assert found["roc_auc"] == pytest.approx(exact, abs=0.03)
        else:
            assert "roc_auc" not in found


def test_regression_metrics_equal_scikit_learn_on_every_prefix_also_far_from_zero() -> None:
    rng = np.random.default_rng(5)
    truth = 1.7e9 + rng.normal(0, 10, ROWS)
    predicted = truth + rng.normal(0, 4, ROWS)
    kept = NumberSums(1.7e9 + 3)
    sums = np.zeros(kept.size)
    for n in range(1, ROWS + 1):
        sums += kept.of(truth[n - 1 : n], predicted[n - 1 : n])
        found = by_name(kept.measure(sums))
        t, p = truth[:n], predicted[:n]
        assert found["mae"] == pytest.approx(reference.mean_absolute_error(t, p))
        assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(t, p))
        if n > 1:
            assert found["r2"] == pytest.approx(reference.r2_score(t, p), rel=1e-6)


@pytest.mark.parametrize("classes", [2, 3, 25])
def test_rows_that_are_taken_away_leave_the_sums_of_the_others(classes: int) -> None:
    truth, predicted, probabilities = classified(classes)
    kept = ClassSums(classes)
    whole, part = kept.of(truth, predicted, probabilities), kept.of(truth[:50], predicted[:50], probabilities[:50])
    np.testing.assert_allclose(whole - part, kept.of(truth[50:], predicted[50:], probabilities[50:]), atol=1e-9)
    assert ("roc_auc" in by_name(class_metrics.measure(kept, whole))) == (classes <= 20)


def test_rows_without_probabilities_have_accuracy_and_no_log_loss() -> None:
    truth, predicted, probabilities = classified(2)
    kept = ClassSums(2)
    assert by_name(class_metrics.measure(kept, kept.of(truth, predicted))).keys() == {
        "accuracy",
        "balanced_accuracy",
        "f1",
    }
    probabilities[:100] = np.nan
    found = class_metrics.measure(kept, kept.of(truth, predicted, probabilities))
    assert {one.metric: one.n for one in found}["log_loss"] == 20
    assert {one.metric: one.n for one in found}["accuracy"] == 120


def test_no_rows_have_no_metrics() -> None:
    assert class_metrics.measure(ClassSums(2), np.zeros(ClassSums(2).size)) == []
    assert NumberSums().measure(np.zeros(8)) == []


def test_the_reliability_table_and_the_calibration_error_are_those_of_the_rows() -> None:
    truth, predicted, probabilities = classified(2)
    kept = ClassSums(2)
    sums = kept.of(truth, predicted, probabilities)
    table = class_metrics.reliability(kept.groups(sums))
    group = np.floor(probabilities[:, 1] * 10).astype(int)
    wanted = [
        (int((group == g).sum()), probabilities[group == g, 1].mean(), (truth[group == g] == 1).mean())
        for g in sorted(set(group.tolist()))
    ]
    assert [(row["n"], row["score"], row["true"]) for row in table] == [
        (n, pytest.approx(score), pytest.approx(share)) for n, score, share in wanted
    ]
    error = sum(n * abs(score - share) for n, score, share in wanted) / ROWS
    assert by_name(class_metrics.measure(kept, sums))["expected_calibration_error"] == pytest.approx(error)


def test_intervals_of_class_metrics_hold_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(3)
    kept = ClassSums(2)

    def drawn(rows: int) -> list[Measured]:
        score = rng.beta(2, 2, rows)
        truth = (rng.random(rows) < score).astype(np.int64)
        return class_metrics.measure(
            kept, kept.of(truth, (score > 0.5).astype(np.int64), np.column_stack([1 - score, score]))
        )

    true = by_name(drawn(1_000_000))
    found = [drawn(300) for _ in range(400)]
    for place, name in enumerate(one.metric for one in found[0]):
        if name == "expected_calibration_error":
            continue
        ends = [(one[place].low, one[place].high) for one in found]
        held = np.mean([low is not None and high is not None and low <= true[name] <= high for low, high in ends])
        assert 0.92 <= held <= 0.985, name


def test_intervals_of_regression_metrics_hold_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(4)
    kept = NumberSums()
    found = [kept.measure(kept.of(truth := rng.normal(0, 3, 400), truth + rng.normal(0, 1, 400))) for _ in range(400)]
    true = {"mae": np.sqrt(2 / np.pi), "rmse": 1.0, "r2": 1 - 1 / 9}
    for place, (name, value) in enumerate(true.items()):
        ends = [(one[place].low, one[place].high) for one in found]
        held = np.mean([low is not None and high is not None and low <= value <= high for low, high in ends])
        assert held >= 0.91, name
