"""What calling an earlier version back promises: before a search, judged on rows of its own."""

from __future__ import annotations

import pytest

from automl import events
from automl.events import Event
from automl.monitoring import outbox, recall
from automl.monitoring import state as states
from automl.registry import Pointer
from tests.support.replay import Replay
from tests.support.thresholds import begun, publish, told

ALARMED = {"alarm_rows": 200}


def of_kind(replay: Replay, kind: str) -> list[Event]:
    return [event for event in events.history(replay.storage, replay.model) if event.kind == kind]


def pointer(replay: Replay) -> Pointer:
    return replay.registry.pointer(replay.model)


def season(**spec: object) -> Replay:
    """The summer's model, then the winter's, which is champion; then summer comes again."""
    replay = begun(0.3, promotion=ALARMED, **spec)
    replay.clock.advance(seconds=60)
    replay.registry.register(replay.model, publish(replay, "winter", 0.7))
    replay.registry.promote(replay.model, "winter", "It is winter.")
    told(replay, 300, concept=0.7, seed=1)
    replay.watch()
    told(replay, 300, concept=0.3, seed=2)
    return replay


@pytest.fixture(autouse=True)
def no_shadow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shadow of the champion before would bring it back, too, and is not what is tested here."""
    monkeypatch.setattr("automl.monitoring.decide.shadow.follow", lambda *_: None)


def test_the_version_that_was_right_in_such_a_world_becomes_champion_without_a_run() -> None:
    replay = season()
    replay.watch()
    (recalled,) = of_kind(replay, "recalled")
    assert pointer(replay).challenger == "v1"
    assert "called back as challenger of winter" in recalled.text
    assert recalled.evidence["difference"] > 0.1
    told(replay, 250, concept=0.3, seed=3)
    replay.watch()
    assert pointer(replay).champion == "v1"
    assert replay.runs.find(replay.model) == []


def test_it_is_judged_on_rows_that_are_newer_than_those_it_was_chosen_on() -> None:
    replay = season()
    replay.watch()
    replay.watch()
    state = states.load(replay.storage, replay.model)
    assert state.comparison is not None
    assert state.comparison["rows"] == 0
    assert state.comparison["missing"] == 40
    told(replay, 30, concept=0.3, seed=3)
    replay.watch()
    assert pointer(replay).champion == "winter"


def test_without_a_version_that_is_better_a_run_is_asked_for() -> None:
    replay = season(retrain={"min_new_labels": 100})
    for other in ("worse", "as-bad"):
        replay.registry.publish(replay.model, other, {}, {"run_id": "none"})  # broken: passed over
    told(replay, 300, concept=0.98, seed=4)
    replay.watch()
    assert of_kind(replay, "recalled") == []
    assert len(replay.runs.find(replay.model)) == 1


def test_a_spec_may_leave_earlier_versions_where_they_are() -> None:
    replay = season(retrain={"recall": False})
    replay.watch()
    assert pointer(replay).challenger is None
    assert len(replay.runs.find(replay.model)) == 1


def test_nothing_is_looked_at_while_the_alarm_is_off_or_the_labels_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(recall, "_best", lambda scene, rows: looks.append(len(rows)))
    replay = season(retrain={"on_alarm": False})
    assert looks == []
    replay.watch()
    assert len(looks) == 1
    told(replay, 50, concept=0.3, seed=5)
    replay.watch()
    replay.watch()
    assert len(looks) == 1
    told(replay, 250, concept=0.3, seed=6)
    replay.watch()
    assert len(looks) == 2


def test_a_version_that_was_kept_out_before_is_compared_anew_when_it_is_called_back() -> None:
    replay = season()
    replay.watch()
    replay.watch()
    replay.registry.end_comparison(replay.model, "v1", "kept", "A person said so.")
    told(replay, 250, concept=0.3, seed=7)
    replay.watch()
    replay.watch()
    plans = [event.evidence["key"] for event in of_kind(replay, "comparison")]
    assert len(of_kind(replay, "recalled")) == 2
    assert len(set(plans)) == len(plans) == 2


def test_a_recall_that_is_carried_out_twice_moves_the_pointer_once() -> None:
    replay = season()
    now = pointer(replay)
    state = states.State()
    evidence = {"champion": now.champion, "since": now.since, "version": "v1", "judged_from_ms": 0}
    outbox.recall(state, text="Back.", evidence=evidence)
    item = dict(state.outbox[0])
    outbox.carry_out(state, replay.registry, replay.runs, replay.model)
    moved = pointer(replay).event
    state.outbox.append(item)
    outbox.carry_out(state, replay.registry, replay.runs, replay.model)
    assert pointer(replay).event == moved
    replay.registry.promote(replay.model, "v1", "A person said so.")
    state.outbox.append(item)
    outbox.carry_out(state, replay.registry, replay.runs, replay.model)
    assert pointer(replay).champion == "v1"
    assert pointer(replay).challenger is None


def test_a_lost_state_finds_the_same_comparison_again() -> None:
    replay = season()
    replay.watch()
    replay.watch()
    before = states.load(replay.storage, replay.model).comparison
    replay.storage.delete("control", f"{replay.model}/monitor.json")
    replay.watch()
    after = states.load(replay.storage, replay.model).comparison
    assert before is not None
    assert after is not None
    assert (after["plan"], after["since_ms"]) == (before["plan"], before["since_ms"])
    assert len(of_kind(replay, "comparison")) == 1


def test_a_version_that_was_rolled_back_is_not_called_back_while_the_champion_that_came_back_reigns() -> None:
    replay = begun(0.3, promotion=ALARMED, retrain={"on_alarm": False})
    replay.clock.advance(seconds=60)
    replay.registry.register(replay.model, publish(replay, "winter", 0.7))
    replay.registry.promote(replay.model, "winter", "It is winter.")
    replay.clock.advance(seconds=60)
    replay.registry.rollback(replay.model, "It is not.")
    told(replay, 600, concept=0.7, seed=1)
    replay.watch()
    assert states.load(replay.storage, replay.model).alarm is not None
    assert of_kind(replay, "recalled") == []
    replay.clock.advance(seconds=60)
    replay.registry.promote(replay.model, publish(replay, "spring", 0.3), "By hand.")
    told(replay, 600, concept=0.7, seed=5_000)
    replay.watch()
    assert [event.evidence["version"] for event in of_kind(replay, "recalled")] == ["winter"]
