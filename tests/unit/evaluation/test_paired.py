from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from automl.evaluation.paired import Difference, Loss


def test_a_wrong_class_costs_one_and_a_right_one_nothing() -> None:
    loss = Loss.from_baseline({"kind": "error", "mean": 0.1, "upper": 0.12})
    assert loss.of(["a", 1, True], ["b", 1, True]).tolist() == [1.0, 0.0, 0.0]


def test_a_class_is_the_same_as_number_boolean_and_text() -> None:
    assert Loss(kind="error").of(["1", True, 0, "1"], [1, "true", 0.0, "2"]).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_an_absolute_error_is_clipped_and_scaled() -> None:
    loss = Loss.from_baseline({"kind": "clipped_abs", "clip": 4.0})
    assert loss.of([10, 10, 10], [11.0, 14.0, 1000.0]).tolist() == [0.25, 1.0, 1.0]
    assert loss.raw_errors([10, 10], [11.0, 1000.0]).tolist() == [1.0, 990.0]


def test_with_a_perfect_holdout_any_error_is_as_wrong_as_can_be() -> None:
    assert Loss(kind="clipped_abs", clip=0.0).of([1.0, 2.0], [1.0, 2.1]).tolist() == [0.0, 1.0]


def test_z_is_the_paired_t_statistic() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random(200), rng.random(200)
    seen = Difference.of(first, second)
    assert seen.z() == pytest.approx(stats.ttest_rel(first, second).statistic)
    assert seen.z(above=-0.01) == pytest.approx(stats.ttest_1samp(first - second, -0.01).statistic)


def test_models_that_never_differ_give_no_evidence() -> None:
    same = Difference.of(np.array([0.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    assert (same.mean, same.z()) == (0.0, 0.0)
    always = Difference.of(np.ones(3), np.zeros(3))
    assert always.z() == float("inf")
