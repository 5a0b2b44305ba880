"""What a challenger has answered of a share of the requests counts for it, and never against the champion."""

from __future__ import annotations

from typing import Literal

import numpy as np

from automl.monitoring import state as states
from automl.monitoring.state import State
from automl.spec import Spec
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
