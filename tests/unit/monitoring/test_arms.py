"""What a challenger has answered of a share of the requests counts for it, and never against the champion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pytest

from automl.monitoring import latencies
from automl.monitoring import state as states
from automl.monitoring.state import State
from automl.spec import Spec
from automl.storage import CONTROL
from tests.support.replay import Replay
from tests.support.thresholds import SPEC, publish

Role = Literal["champion", "challenger"]


def challenged(challenger: float = 0.7, *, error: float = 0.05) -> Replay:
    """A champion at 0.5 that was wrong so often on its holdout, and a challenger with that threshold."""
    replay = Replay(Spec.from_json({**SPEC, "retrain": {"on_alarm": False}}))
    for version, threshold in (("v1", 0.5), ("v2", challenger)):
        replay.registry.register(replay.model, publish(replay, version, threshold, error=error))
    return replay


def answered(replay: Replay, rows: int, *, role: Role, concept: float, seed: int, tell: bool = True) -> None:
    """Rows that one arm answers, each with its truth a second later."""
    replay.clock.advance(seconds=1)
    values = np.random.default_rng(seed).random(rows).tolist()
    scored = replay.predict([{"x": value} for value in values], role=role)
    replay.clock.advance(seconds=1)
    if tell:
        replay.tell([(one, int(value > concept)) for (one, _), value in zip(scored, values, strict=True)])


def seen(replay: Replay) -> State:
    replay.watch()
    return states.load(replay.storage, replay.model)


def accuracy(state: State, version: str) -> tuple[int, float]:
    """Labelled rows of a version, and how often it was right."""
    (row,) = [
        row
        for row in state.report["metrics"]
        if (row["version"], row["metric"], row["slice"], row["window"]) == (version, "accuracy", "all", "all")
    ]
    return row["n"], row["value"]


def test_truth_for_what_a_challenger_answered_counts_for_its_version() -> None:
    replay = challenged()
    answered(replay, 200, role="champion", concept=0.5, seed=1)
    answered(replay, 100, role="challenger", concept=0.5, seed=2)
    state = seen(replay)
    assert state.labelled == 300
    assert accuracy(state, "v1") == (200, 1.0)
    n, right = accuracy(state, "v2")
    assert (n, 0.7 < right < 0.9) == (100, True)
    assert state.predicted.get("v2", 100) == 100


def test_the_champions_alarm_sees_none_of_the_challengers_rows() -> None:
    replay = challenged(0.99)
    for step in range(6):
        answered(replay, 500, role="challenger", concept=0.5, seed=10 + step)  # wrong half of the time
    answered(replay, 100, role="champion", concept=0.5, seed=1)
    state = seen(replay)
    assert state.alarm is None
    assert state.watch is not None
    assert state.watch["n"] == 100


def test_a_comparison_takes_the_rows_of_both_arms() -> None:
    replay = challenged(error=0.3)
    answered(replay, 600, role="champion", concept=0.7, seed=1)
    answered(replay, 500, role="challenger", concept=0.7, seed=2)
    assert any("on 1,000 labelled rows" in text for text in replay.watch().decisions)
    assert replay.registry.pointer(replay.model).champion == "v2"


def arms(replay: Replay) -> dict[str, dict[str, Any]]:
    """What the monitor tells of each arm, by its role."""
    comparison = seen(replay).comparison
    assert comparison is not None
    return {arm["role"]: arm for arm in comparison["arms"]}


def test_each_arm_is_told_with_its_rows_its_accuracy_and_its_latency() -> None:
    replay = challenged()
    answered(replay, 200, role="champion", concept=0.5, seed=1)
    answered(replay, 100, role="challenger", concept=0.5, seed=2)
    answered(replay, 60, role="challenger", concept=0.5, seed=3, tell=False)
    told = arms(replay)
    assert (told["champion"]["version"], told["challenger"]["version"]) == ("v1", "v2")
    assert (told["champion"]["predicted"], told["champion"]["n"], told["champion"]["coverage"]) == (200, 200, 1.0)
    assert (told["challenger"]["predicted"], told["challenger"]["n"]) == (160, 100)
    assert told["challenger"]["coverage"] == 100 / 160
    assert (told["champion"]["metric"], told["champion"]["value"]) == ("accuracy", 1.0)
    one = told["challenger"]
    assert one["low"] < one["value"] < one["high"] < 0.95
    assert one["median_ms"] == pytest.approx(0.05, rel=0.1)  # 50 µs in the log


def test_arms_begin_with_the_challengers_first_day() -> None:
    replay = challenged()
    answered(replay, 200, role="champion", concept=0.5, seed=1)
    replay.clock.advance(days=1)
    answered(replay, 50, role="champion", concept=0.5, seed=2)
    answered(replay, 40, role="challenger", concept=0.5, seed=3)
    told = arms(replay)
    assert told["champion"]["since"] == told["challenger"]["since"] == f"{replay.clock():%Y-%m-%d}"
    assert (told["champion"]["predicted"], told["champion"]["n"]) == (50, 50)


def test_an_arm_without_truth_is_told_without_a_metric() -> None:
    replay = challenged()
    answered(replay, 100, role="champion", concept=0.5, seed=1)
    answered(replay, 50, role="challenger", concept=0.5, seed=2, tell=False)
    one = arms(replay)["challenger"]
    assert (one["n"], one["coverage"], one["metric"], one["value"]) == (0, 0.0, None, None)


def test_there_are_no_arms_while_the_challenger_answers_in_silence() -> None:
    replay = challenged()
    answered(replay, 100, role="champion", concept=0.5, seed=1)
    assert arms(replay) == {}


def test_a_lost_state_tells_the_same_arms() -> None:
    replay = challenged()
    for step in range(3):
        answered(replay, 100, role="champion", concept=0.5, seed=10 + step)
        answered(replay, 50, role="challenger", concept=0.5, seed=20 + step)
        before = arms(replay)
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    assert arms(replay) == before


def test_quantiles_of_latencies_are_within_a_tenth_and_old_days_are_forgotten() -> None:
    times = (10 ** np.random.default_rng(1).normal(4, 0.5, 5_000)).astype(int).tolist()  # about 10 ms
    bins: latencies.Bins = {}
    for start in range(0, 5_000, 700):
        latencies.count(bins, f"2026-11-{1 + start // 700:02d}", times[start : start + 700])
    state = State()
    latencies.keep(state, {"v1": bins}, datetime(2026, 11, 20, tzinfo=UTC))
    told = latencies.told(state, "v1", "")
    assert told["predicted"] == 5_000
    assert told["median_ms"] == pytest.approx(np.median(times) / 1000, rel=0.1)
    assert told["p95_ms"] == pytest.approx(np.quantile(times, 0.95) / 1000, rel=0.1)
    assert latencies.told(state, "v1", "2026-11-08")["predicted"] == 100
    latencies.keep(state, {}, datetime(2027, 2, 6, tzinfo=UTC))
    assert latencies.told(state, "v1", "")["predicted"] == 100
    assert latencies.told(state, "gone", "") == {"predicted": 0, "median_ms": None, "p95_ms": None}
