"""A comparison keeps to the plan that it began with, whatever comes to pass meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from automl import events, spec
from automl.monitoring import state as states
from automl.spec_sections import Promotion
from tests.support.replay import Replay
from tests.support.thresholds import begun, publish, told

QUIET: dict[str, Any] = {"retrain": {"on_alarm": False}}


def challenged(concept: float) -> Replay:
    """A champion at 0.5 with a hundred labelled rows of that concept, and a challenger a little beside it."""
    replay = begun(**QUIET)
    told(replay, 100, concept=concept, seed=1)
    replay.watch()
    replay.registry.register(replay.model, publish(replay, "v2", 0.49))
    replay.watch()
    return replay


def plan(replay: Replay) -> dict[str, Any]:
    comparison = states.load(replay.storage, replay.model).comparison
    assert comparison is not None
    return dict(comparison["plan"])


def test_the_five_looks_are_fixed_and_written_down_before_the_first_row_counts() -> None:
    replay = challenged(0.5)
    assert plan(replay) == {"rule": "better", "rows": 5_000, "margin": 0.0}
    event = events.history(replay.storage, replay.model)[-1]
    assert (event.kind, event.evidence["plan"]) == ("comparison", plan(replay))
    assert "at 1,000, 2,000, 3,000, 4,000, 5,000 rows: it must be better beyond doubt" in event.text


def test_an_alarm_that_rises_later_and_another_spec_change_nothing_in_the_plan() -> None:
    replay = challenged(0.5)
    spec.save(replay.storage, replace(replay.spec, promotion=Promotion(rows=1_000)))
    told(replay, 600, concept=0.9, seed=10_000)  # the champion is wrong four times out of ten
    replay.watch()
    state = states.load(replay.storage, replay.model)
    assert state.alarm is not None
    assert plan(replay)["rows"] == 5_000
    assert plan(replay)["rule"] == "better"
    assert replay.registry.pointer(replay.model).challenger == "v2"


def test_while_the_alarm_is_on_the_looks_are_sooner_and_ask_for_no_more_than_a_lead_within_the_margin() -> None:
    replay = begun(**QUIET)
    told(replay, 600, concept=0.9, seed=1)
    replay.watch()
    replay.registry.register(replay.model, publish(replay, "v2", 0.9))
    told(replay, 20, concept=0.9, seed=90_000)
    replay.watch()
    assert plan(replay) == {"rule": "no_worse", "rows": 500, "margin": 0.01}
    told(replay, 100, concept=0.9, seed=95_000)
    assert any(text.startswith("Challenger v2 replaces champion v1: on 100 ") for text in replay.watch().decisions)
