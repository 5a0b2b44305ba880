"""The simulation itself: few streams, goals that can be missed, and results on record that are of these cases."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from automl.training.baseline import wilson_upper
from tests.simulation.__main__ import PAGE, line_of
from tests.simulation.alarms import first_alarm
from tests.simulation.cases import Case, cases
from tests.simulation.streams import ERROR, Stream, baseline_of, losses_of

FEW = 12


@pytest.mark.parametrize("case", [case for case in cases() if case.streams > 600], ids=lambda case: case.name)
def test_a_few_streams_of_each_case_come_nowhere_near_a_failure(case: Case) -> None:
    # a rate of 5% in 12 streams: six or more have a chance of one in 60,000
    found = [case.draw(seed) for seed in range(FEW)]
    told = replace(case, goal=None if case.goal is None else max(0.5, 3 * case.goal), by_bound=False).told(found)
    assert told["met"], told


def test_an_alarm_that_never_comes_is_infinitely_late() -> None:
    case = Case(name="late", draw=lambda _: math.inf, tells="delay", since=100, goal=2_000)
    assert case.told([math.inf, math.inf, 150.0])["met"] is False
    assert case.told([math.inf, 150.0, 160.0]) | {"name": ""} == {
        "name": "", "streams": 3, "tells": "delay", "goal": 2_000, "value": 60.0, "before": 0.0, "met": True,
    }  # fmt: skip
    assert case.told([50.0, 50.0])["met"] is False


def test_a_rate_is_held_against_its_goal_by_its_bound_where_that_is_asked_for() -> None:
    case = Case(name="rate", draw=lambda _: math.inf, tells="share", goal=0.05, by_bound=True)
    found = [1.0] * 20 + [math.inf] * 580
    assert case.told(found)["met"] is True
    assert case.told([*found[:-1], 1.0])["upper"] > case.told(found)["upper"]
    assert case.told([1.0] * 24 + [math.inf] * 576)["met"] is False
    assert replace(case, by_bound=False).told([1.0] * 24 + [math.inf] * 576)["met"] is True
    assert replace(case, tells="missed").told(found)["value"] == pytest.approx(580 / 600)
    assert "MISSED" in line_of(case.told([1.0] * 24 + [math.inf] * 576))


def test_a_holdout_is_drawn_anew_and_bounded_as_training_does_it() -> None:
    found = [baseline_of(Stream(holdout_rows=500), np.random.default_rng(seed)) for seed in range(20)]
    assert len({loss["mean"] for loss in found}) > 5
    assert all(loss["upper"] == wilson_upper(loss["mean"], 500) for loss in found)


def test_partial_truth_is_late_and_out_of_order_and_of_a_third_of_the_rows() -> None:
    stream = Stream(holdout_rows=2_000, partial=True, rise=0.5, change=80_000)
    losses = losses_of(stream, baseline_of(stream, np.random.default_rng(1)), np.random.default_rng(1))
    assert len(losses) == pytest.approx(stream.labels, rel=0.02)
    half = len(losses) // 2
    assert losses[: half - 3_000].mean() == pytest.approx(ERROR, abs=0.01)
    assert 0.15 < losses[half - 3_000 : half].mean() < 0.55


def test_a_rule_without_any_bound_would_be_found_out() -> None:
    worse = Stream(holdout_rows=2_000, rise=0.03)
    found = [first_alarm(worse, seed) for seed in range(FEW)]
    false = next(case for case in cases() if "holdout 2,000: false" in case.name)
    assert false.told(found)["met"] is False


def test_the_results_on_record_are_of_these_cases_and_meet_the_goals() -> None:
    told = json.loads(PAGE.read_text(encoding="utf-8"))["cases"]
    assert [(one["name"], one["streams"], one["goal"]) for one in told] == [
        (case.name, case.streams, case.goal) for case in cases()
    ]
    assert min(one["streams"] for one in told) >= 600
    assert all(one["met"] for one in told)
