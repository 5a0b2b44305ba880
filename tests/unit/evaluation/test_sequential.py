"""The error rates of the comparison, simulated through the code that decides."""

from __future__ import annotations

import numpy as np
import pytest

from automl.evaluation.paired import Difference
from automl.evaluation.sequential import LOOKS, Plan, look

BETTER = Plan(rule="better", rows=5000)
NO_WORSE = Plan(rule="no_worse", rows=500, margin=0.01)


def _promotes(plan: Plan, first: np.ndarray, second: np.ndarray) -> tuple[bool, int]:
    """Whether the second model is promoted, and how many rows that took."""
    for number in range(1, LOOKS + 1):
        rows = plan.rows_at(number)
        seen = look(plan, number, Difference.of(first[:rows], second[:rows]))
        if seen.verdict != "continue":
            return seen.verdict == "promote", rows
    raise AssertionError("the last look always decides")


def _classifiers(plan: Plan, gain: float, discordant: float, runs: int, seed: int) -> tuple[float, float]:
    """Share of `runs` simulated challengers promoted, and the median rows of those."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for _ in range(runs):
        draw = rng.random(plan.rows)
        wrong_first = draw < (discordant + gain) / 2
        wrong_second = (draw >= (discordant + gain) / 2) & (draw < discordant)
        outcomes.append(_promotes(plan, wrong_first.astype(float), wrong_second.astype(float)))
    rows = [n for promoted, n in outcomes if promoted]
    return len(rows) / runs, float(np.median(rows)) if rows else float("inf")


@pytest.mark.parametrize("discordant", [0.12, 0.25])
def test_a_challenger_one_point_worse_is_hardly_ever_promoted(discordant: float) -> None:
    assert _classifiers(BETTER, -0.01, discordant, 600, 1)[0] <= 0.01
    assert _classifiers(NO_WORSE, -0.01, discordant, 1500, 2)[0] <= 0.03


def test_an_equal_challenger_is_promoted_at_most_as_often_as_the_test_allows() -> None:
    assert _classifiers(BETTER, 0.0, 0.12, 1000, 3)[0] <= 0.06


def test_two_points_are_found_before_the_last_look() -> None:
    power, rows = _classifiers(BETTER, 0.02, 0.12, 300, 4)
    assert power >= 0.97
    assert rows <= 3000


def test_while_the_alarm_is_on_five_points_are_found_within_a_few_hundred_rows() -> None:
    power, rows = _classifiers(NO_WORSE, 0.05, 0.12, 500, 5)
    assert power >= 0.94
    assert rows <= 400


def test_heavy_tailed_regression_losses_keep_the_error_rates() -> None:
    rng = np.random.default_rng(6)
    promoted = {1.0: 0, 1.1: 0}
    for worse in promoted:
        for _ in range(400):
            noise = rng.standard_t(3, BETTER.rows)
            first = np.minimum(np.abs(noise) / 3.2, 1)
            second = np.minimum(np.abs(noise + rng.normal(0, 0.3, BETTER.rows)) * worse / 3.2, 1)
            promoted[worse] += _promotes(BETTER, first, second)[0]
    assert promoted[1.0] <= 0.06 * 400
    assert promoted[1.1] == 0


def test_models_that_never_differ_keep_the_champion() -> None:
    same = np.zeros(NO_WORSE.rows)
    assert _promotes(NO_WORSE, same, same) == (False, NO_WORSE.rows)
    assert _promotes(BETTER, np.zeros(BETTER.rows), np.zeros(BETTER.rows)) == (False, BETTER.rows)


def test_a_challenger_that_is_behind_is_given_up_at_the_third_look() -> None:
    wrong = np.zeros(BETTER.rows)
    wrong[::50] = 1
    assert _promotes(BETTER, np.zeros(BETTER.rows), wrong) == (False, BETTER.rows_at(3))


def test_early_looks_ask_for_more_than_late_ones() -> None:
    bounds = [BETTER.bound(number) for number in range(1, LOOKS + 1)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] == pytest.approx(1.751)


def test_a_look_at_other_rows_than_the_planned_ones_is_refused() -> None:
    with pytest.raises(ValueError, match="Look 1 takes 1000 rows, got 900"):
        look(BETTER, 1, Difference.of(np.ones(900), np.zeros(900)))


def test_a_plan_survives_storage() -> None:
    assert Plan.from_json(NO_WORSE.to_json()) == NO_WORSE
