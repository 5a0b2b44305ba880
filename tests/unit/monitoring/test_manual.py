"""Where promotions are a person's, the monitor judges, recommends once, and moves the pointer to no challenger."""

from __future__ import annotations

from dataclasses import replace

from automl import events, spec
from automl.monitoring import state as states
from automl.spec_sections import Promotion
from automl.storage import CONTROL
from tests.support.at_once import at_once
from tests.support.replay import Replay
from tests.support.thresholds import begun, publish, told
from tests.unit.monitoring.test_judge import challenged, held

MANUAL = {"rows": 1000, "mode": "manual"}


def kinds(replay: Replay) -> list[str]:
    return [event.kind for event in events.history(replay.storage, replay.model)]


def compared(threshold: float) -> Replay:
    """A champion at 0.5 where 0.7 is right, and a challenger with enough labelled rows for a verdict."""
    replay = begun(promotion=MANUAL, retrain={"on_alarm": False})
    told(replay, 100, concept=0.7, seed=1)
    replay.registry.register(replay.model, publish(replay, "v2", threshold))
    told(replay, 1200, concept=0.7, seed=500)
    return replay


def won() -> Replay:
    replay = compared(0.7)
    replay.watch()
    return replay


def test_a_challenger_that_has_won_is_recommended_with_its_evidence_and_not_promoted() -> None:
    replay = won()
    pointer = replay.registry.pointer(replay.model)
    assert (pointer.champion, pointer.challenger) == ("v1", "v2")
    event = events.history(replay.storage, replay.model)[-1]
    assert event.kind == "recommended"
    assert event.text.startswith("Challenger v2 should replace champion v1, which waits for a person")
    assert "POST /models/steps/promote" in event.text
    assert (event.evidence["challenger"], event.evidence["champion"]) == ("v2", "v1")
    assert event.evidence["z"] >= event.evidence["bound"]
    comparison = states.load(replay.storage, replay.model).comparison
    assert comparison is not None
    assert comparison["text"] == event.text


def test_a_recommendation_is_told_once_and_the_challenger_not_looked_at_again() -> None:
    replay = won()
    looks = states.load(replay.storage, replay.model).comparison
    for step in range(3):
        told(replay, 500, concept=0.3, seed=10_000 * (step + 1))  # on these rows the challenger would lose
        assert not any("v2" in text for text in replay.watch().decisions)
    assert kinds(replay).count("recommended") == 1
    assert states.load(replay.storage, replay.model).comparison == looks
    assert replay.registry.pointer(replay.model).challenger == "v2"


def test_a_recommendation_outlives_a_lost_state_and_is_not_told_again() -> None:
    replay = won()
    before = states.load(replay.storage, replay.model).comparison
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    replay.watch()
    assert states.load(replay.storage, replay.model).comparison == before
    assert kinds(replay).count("recommended") == 1


def test_many_monitors_at_once_recommend_once() -> None:
    replay = compared(0.7)
    at_once(*[replay.watch] * 4)
    replay.watch()
    assert kinds(replay).count("recommended") == 1
    assert replay.registry.pointer(replay.model).champion == "v1"


def test_a_person_ends_the_comparison_by_promoting() -> None:
    replay = won()
    replay.registry.promote(replay.model, None, "By hand.")
    replay.watch()
    pointer = replay.registry.pointer(replay.model)
    assert (pointer.champion, pointer.challenger) == ("v2", None)
    assert states.load(replay.storage, replay.model).comparison is None


def test_a_challenger_that_takes_the_place_of_a_recommended_one_is_judged_itself() -> None:
    replay = won()
    replay.registry.register(replay.model, publish(replay, "v3", 0.2))
    told(replay, 1200, concept=0.7, seed=90_000)
    assert any(text.startswith("Champion v1 stays, as challenger v3") for text in replay.watch().decisions)


def test_a_verdict_against_the_challenger_ends_its_comparison() -> None:
    replay = compared(0.5)
    assert "Champion v1 stays" in replay.watch().decisions[-1]
    assert kinds(replay)[-1] == "kept"
    assert replay.registry.pointer(replay.model).challenger is None


def test_without_any_truth_a_better_challenger_is_recommended_and_truth_judges_it_no_second_time() -> None:
    replay = challenged(0.5, held(1000, 0.5), spec={"promotion": MANUAL})
    assert "no truth has ever come" in replay.watch().decisions[-1]
    assert kinds(replay)[-1] == "recommended"
    told(replay, 1200, concept=0.9, seed=7)
    replay.watch()
    pointer = replay.registry.pointer(replay.model)
    assert (pointer.champion, pointer.challenger) == ("v2", "v3")
    assert kinds(replay)[-1] == "recommended"


def test_back_in_auto_mode_the_verdict_that_waited_is_carried_out() -> None:
    replay = won()
    spec.save(replay.storage, replace(replay.spec, promotion=Promotion(rows=1000)))
    told(replay, 100, concept=0.7, seed=70_000)
    decisions = replay.watch().decisions
    assert any(text.startswith("Challenger v2 replaces champion v1: on") for text in decisions)
    assert replay.registry.pointer(replay.model).champion == "v2"
