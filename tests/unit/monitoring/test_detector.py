"""What the alarm promises, simulated through the code that raises it."""

from __future__ import annotations

import itertools
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from automl.monitoring.detector import FULL_POWER, Detector, observe, power

ALPHA = 0.05


def _wilson(rate: float, n: int) -> float:
    z = 1.645
    middle, spread = rate + z * z / (2 * n), z * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return float((middle + spread) / (1 + z * z / n))


def _alarms(before: float, after: float, *, change: int, labels: int, runs: int, seed: int) -> list[int | None]:
    """The label at which each of `runs` simulated models raises its first alarm."""
    rng = np.random.default_rng(seed)
    rates = np.where(np.arange(labels) < change, before, after)
    found = []
    for _ in range(runs):
        bound = _wilson(rng.binomial(FULL_POWER, before) / FULL_POWER, FULL_POWER)
        losses = (rng.random(labels) < rates).astype(float)
        found.append(observe(Detector(bound=bound), losses, ALPHA)[1])
    return found


def test_a_model_that_stays_as_good_as_its_holdout_raises_hardly_any_alarm_in_its_life() -> None:
    alarms = _alarms(0.1, 0.1, change=0, labels=20_000, runs=120, seed=1)
    assert sum(alarm is not None for alarm in alarms) <= 0.05 * len(alarms)


def test_a_fall_of_five_points_late_in_life_is_found() -> None:
    alarms = _alarms(0.1, 0.15, change=5_000, labels=20_000, runs=60, seed=2)
    delays = [alarm - 5_000 for alarm in alarms if alarm is not None]
    assert len(delays) >= 58
    assert np.median(delays) <= 1_800


def test_a_model_that_is_bad_from_its_first_day_is_found_within_a_few_batches() -> None:
    alarms = _alarms(0.1, 0.25, change=0, labels=2_000, runs=60, seed=3)
    assert all(alarm is not None and alarm <= 400 for alarm in alarms)


def test_a_model_that_becomes_better_raises_no_alarm() -> None:
    assert set(_alarms(0.2, 0.1, change=1_000, labels=10_000, runs=30, seed=4)) == {None}


def test_clipped_absolute_errors_of_a_regression_are_judged_alike() -> None:
    rng = np.random.default_rng(5)
    holdout = np.abs(rng.standard_t(3, FULL_POWER))
    clip = np.quantile(holdout, 0.95)
    scaled = np.minimum(holdout / clip, 1)
    bound = float(scaled.mean() + 1.645 * scaled.std() / np.sqrt(FULL_POWER))
    same = np.minimum(np.abs(rng.standard_t(3, 20_000)) / clip, 1)
    worse = np.minimum(np.abs(rng.standard_t(3, 5_000)) * 1.4 / clip, 1)
    assert observe(Detector(bound=bound), same, ALPHA)[1] is None
    assert observe(Detector(bound=bound), worse, ALPHA)[1] is not None


@given(
    losses=st.lists(st.floats(0, 1), max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    bound=st.floats(0.001, 1.0),
)
def test_the_same_labels_give_the_same_state_however_passes_cut_them(
    losses: list[float], cuts: list[int], bound: float
) -> None:
    whole, alarm = observe(Detector(bound=bound), np.array(losses), ALPHA)
    part, first = Detector(bound=bound), None
    borders = [0, *sorted(min(cut, len(losses)) for cut in cuts), len(losses)]
    for start, stop in itertools.pairwise(borders):
        part, seen = observe(part, np.array(losses[start:stop]), ALPHA)
        part = Detector.from_json(json.loads(json.dumps(part.to_json())))
        first = first or seen
    assert part == whole
    assert first == alarm


def test_state_stays_finite_when_every_answer_is_wrong_for_ever() -> None:
    state, alarm = observe(Detector(bound=0.001), np.ones(200_000), ALPHA)
    assert np.isfinite(state.e_value)
    assert alarm == state.batch


def test_a_holdout_that_is_small_says_so() -> None:
    assert "Too little to judge" in str(power(99, 100))
    assert "Too little to judge" in str(power(100, 300))
    assert "Reduced power" in str(power(1_999, 100))
    assert power(2_000, 100) is None
