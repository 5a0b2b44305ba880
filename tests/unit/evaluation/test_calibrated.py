"""Calibrated probabilities are what comes true, for two classes and for more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import orjson
import pytest

from automl.evaluation.calibrated import Calibration
from automl.training.calibration import FEWEST, FEWEST_ISOTONIC, calibration

Floats = npt.NDArray[np.float64]


def overconfident(rows: int, classes: int, *, seed: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Truths, and probabilities that are further from even than what comes true."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (true.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    told = np.exp(2 * logits)
    return truth, told / told.sum(axis=1, keepdims=True)


def off(truth: npt.NDArray[np.int64], probabilities: Floats) -> float:
    """Mean probability of the answer, less the share of answers that were right."""
    return float(probabilities.max(axis=1).mean() - (probabilities.argmax(axis=1) == truth).mean())


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize(("rows", "method"), [(FEWEST_ISOTONIC * 3, "isotonic"), (FEWEST_ISOTONIC - 1, "platt")])
def test_the_mean_probability_of_the_answers_becomes_their_accuracy_on_new_rows(
    classes: int, rows: int, method: str
) -> None:
    fitted = calibration(*overconfident(rows, classes, seed=1))
    assert fitted is not None
    assert (fitted["format"], fitted["method"], fitted["n"]) == (1, method, rows)
    assert len(fitted["curves"]) == (1 if classes == 2 else classes)
    truth, probabilities = overconfident(50_000, classes, seed=2)
    calibrated = Calibration.from_json(orjson.loads(orjson.dumps(fitted))).of(probabilities)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    answers = probabilities.argmax(axis=1)
    expected = calibrated[np.arange(len(truth)), answers].mean()
    left = abs(expected - (answers == truth).mean())
    assert left < (0.02 if classes == 2 else 0.04)  # curves of single classes are not those of the largest one
    assert left < off(truth, probabilities) / 2


def test_few_rows_and_many_classes_have_no_curve() -> None:
    assert calibration(*overconfident(FEWEST - 1, 2, seed=1)) is None
    assert calibration(*overconfident(2_000, 21, seed=1)) is None


def test_a_class_that_the_holdout_never_held_is_never_expected() -> None:
    truth, probabilities = overconfident(1_500, 3, seed=1)
    fitted = calibration(np.where(truth == 2, 0, truth), probabilities)
    assert fitted is not None
    calibrated = Calibration.from_json(fitted).of(probabilities)
    assert calibrated[:, 2].max() == 0
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)


def test_where_no_class_is_expected_the_probabilities_stay_as_they_were() -> None:
    nothing = (np.array([0.0]), np.array([0.0]))
    given = np.array([[0.2, 0.3, 0.5], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(Calibration((nothing, nothing, nothing)).of(given)[0], given[0])


def test_rows_without_probabilities_stay_without() -> None:
    curve = (np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    for classes in (2, 3):
        found = Calibration((curve,) * (1 if classes == 2 else classes)).of(np.full((1, classes), np.nan))
        assert np.isnan(found).all()
