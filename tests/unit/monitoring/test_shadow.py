"""The champion before stays in shadow after a promotion, and comes back when the new one is proved to be worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from automl import events, spec
from automl.monitoring import shadow
from automl.monitoring import state as states
from automl.monitoring.contest import Contest
from automl.monitoring.passes import NOTHING_NEW
from automl.spec_sections import Promotion
from automl.storage import CONTROL, MODELS
from tests.support.at_once import at_once
from tests.support.replay import Replay
from tests.support.thresholds import begun, publish, stream, told


def promoted(threshold: float = 0.7, *, names: tuple[str, ...] = ("x",), **promotion: Any) -> Replay:
    """Champion v2 with that threshold; v1 was before it and is right by its own 0.5."""
    replay = begun(promotion=promotion, retrain={"on_alarm": False})
    replay.registry.register(replay.model, publish(replay, "v2", threshold, names=names))
    replay.clock.advance(seconds=10)
    replay.registry.promote(replay.model, "v2", "For the test.")
    replay.watch()
    return replay


def known(replay: Replay) -> dict[str, Any]:
    """What the monitor's state says of the shadow."""
    found = states.load(replay.storage, replay.model).shadow
    assert found is not None
    return found


def kinds(replay: Replay) -> list[str]:
    return [event.kind for event in events.history(replay.storage, replay.model)]


def moves(replay: Replay) -> list[str]:
    """Kinds of the events that moved the pointer; an intent that lost a race is in the history, and void."""
    found: list[str] = []
    seq: int | None = replay.registry.pointer(replay.model).event
    while seq is not None:
        event = events.read(replay.storage, replay.model, seq)
        found.append(event.kind)
        seq = event.prior
    return found


def rolled_back() -> Replay:
    replay = promoted()
    told(replay, 400, concept=0.5, seed=1)
    replay.watch()
    return replay


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each comparison of the two models took."""
    counts: list[int] = []
    sample = Contest.sample

    def counted(self: Contest, records: Sequence[Any], truths: Sequence[Any]) -> Any:
        counts.append(len(records))
        return sample(self, records, truths)

    monkeypatch.setattr(Contest, "sample", counted)
    return counts


def test_a_new_champion_that_is_proved_worse_is_rolled_back_with_its_evidence() -> None:
    replay = rolled_back()
    pointer = replay.registry.pointer(replay.model)
    assert (pointer.champion, pointer.challenger, pointer.previous) == ("v1", None, "v2")
    event = events.history(replay.storage, replay.model)[-1]
    assert event.kind == "rolled-back"
    assert event.text.startswith("Champion v2 is rolled back to v1, which was ")
    assert "points more accurate in shadow on the " in event.text
    evidence = event.evidence
    assert (evidence["champion"], evidence["version"]) == ("v2", "v1")
    assert evidence["e_value"] >= evidence["threshold"] == pytest.approx(100)
    assert 20 <= evidence["n"] <= 200
    assert 0.1 <= evidence["difference"] <= 0.4


def test_after_a_rollback_the_one_that_was_rolled_back_has_no_shadow_and_never_comes_again() -> None:
    replay = rolled_back()
    told(replay, 600, concept=0.7, seed=5_000)  # on these rows v2 would be right
    replay.watch()
    assert replay.registry.pointer(replay.model).champion == "v1"
    assert (known(replay)["champion"], known(replay)["version"], known(replay)["state"]) == ("v1", "v2", "none")
    assert "came back by a rollback" in known(replay)["text"]
    assert kinds(replay).count("rolled-back") == 1
    assert replay.registry.register(replay.model, "v2") is None


def test_no_run_is_asked_for_in_the_pass_that_rolls_back() -> None:
    replay = begun(promotion={}, retrain={"min_new_labels": 1})
    replay.registry.register(replay.model, publish(replay, "v2", 0.9))
    replay.registry.promote(replay.model, "v2", "For the test.")
    told(replay, 2_000, concept=0.5, seed=1)
    report = replay.watch()
    assert any("is rolled back" in text for text in report.decisions)
    assert any("has fallen" in text for text in report.decisions)
    assert replay.runs.find(replay.model) == []
    assert report.known["retraining"] == "No run is asked for, as champion v2 is rolled back."


def test_a_champion_that_is_no_worse_stays_and_the_shadow_ends_after_its_rows() -> None:
    replay = promoted(0.5, shadow_rows=1_000)
    told(replay, 900, concept=0.5, seed=1)
    replay.watch()
    assert known(replay)["state"] == "on"
    assert "until 1,000 labelled rows have come. On 900 rows" in known(replay)["text"]
    told(replay, 300, concept=0.5, seed=5_000)
    replay.watch()
    assert (known(replay)["state"], known(replay)["wealth"]["n"]) == ("ended", 1_000)
    event = events.history(replay.storage, replay.model)[-1]
    assert (event.kind, event.evidence["n"], event.evidence["difference"]) == ("shadow-ended", 1_000, 0.0)
    told(replay, 300, concept=0.5, seed=9_000)
    replay.watch()
    assert kinds(replay).count("shadow-ended") == 1
    assert known(replay)["wealth"]["n"] == 1_000


def test_each_row_is_scored_once_and_none_after_the_shadow_has_ended(scored: list[int]) -> None:
    replay = promoted(0.5, shadow_rows=500)
    for step in range(4):
        told(replay, 200, concept=0.5, seed=1_000 * step)
        replay.watch()
    assert scored == [200, 200, 100]


def test_with_nothing_new_no_model_is_loaded(scored: list[int]) -> None:
    replay = promoted(0.5)
    told(replay, 100, concept=0.5, seed=1)
    replay.watch()
    for info in list(replay.storage.find(MODELS, f"{replay.model}/v1/")):
        replay.storage.delete(MODELS, info.name)
    assert replay.watch().text == NOTHING_NEW
    assert scored == [100]


def test_only_predictions_made_since_the_promotion_count() -> None:
    replay = begun(retrain={"on_alarm": False})
    late = stream(replay, 300, concept=0.5, seed=1)
    replay.registry.register(replay.model, publish(replay, "v2", 0.7))
    replay.clock.advance(seconds=10)
    replay.registry.promote(replay.model, "v2", "For the test.")
    replay.tell(late)
    told(replay, 10, concept=0.5, seed=2)
    replay.watch()
    assert known(replay)["wealth"]["n"] == 10


def test_only_the_first_truth_of_an_id_counts() -> None:
    replay = promoted()
    truths = stream(replay, 20, concept=0.5, seed=1)
    replay.tell(truths)
    replay.watch()
    before = known(replay)["wealth"]
    replay.clock.advance(seconds=5)
    replay.tell([(one, 1 - truth) for one, truth in truths])
    replay.watch()
    assert known(replay)["wealth"] == before
    again = promoted()
    twice = stream(again, 20, concept=0.5, seed=1)
    again.tell(twice)
    again.clock.advance(seconds=5)
    again.tell([(one, 1 - truth) for one, truth in twice])
    again.watch()
    assert known(again)["wealth"] == before


def test_a_lost_state_comes_to_the_same_shadow() -> None:
    replay = promoted(0.52)
    for step in range(3):
        told(replay, 60, concept=0.5, seed=1_000 * step)
        replay.watch()
    before = known(replay)
    assert (before["state"], before["wealth"]["n"]) == ("on", 180)
    assert before["wealth"]["total"] > 0
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    replay.watch()
    after = known(replay)
    assert after["wealth"]["logs"] == pytest.approx(before["wealth"]["logs"])
    assert after["wealth"]["peak"] == pytest.approx(before["wealth"]["peak"])
    assert {**after, "wealth": None} == {**before, "wealth": None}


def test_a_state_lost_after_the_rollback_decides_nothing_again() -> None:
    replay = rolled_back()
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    replay.watch()
    assert kinds(replay).count("rolled-back") == 1
    assert replay.registry.pointer(replay.model).champion == "v1"


def test_many_monitors_at_once_roll_back_once() -> None:
    replay = promoted()
    told(replay, 400, concept=0.5, seed=1)
    at_once(*[replay.watch] * 4)
    replay.watch()
    assert moves(replay).count("rolled-back") == 1
    assert replay.registry.pointer(replay.model).champion == "v1"


def test_a_rollback_that_was_decided_does_not_undo_a_promotion_that_came_between() -> None:
    replay = promoted()
    told(replay, 400, concept=0.5, seed=1)
    save = states.save

    def promoting(*arguments: Any) -> None:
        save(*arguments)
        if replay.registry.pointer(replay.model).champion == "v2":
            replay.clock.advance(seconds=1)
            replay.registry.promote(replay.model, publish(replay, "v3", 0.5), "By hand.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states, "save", promoting)
        replay.watch()
    assert replay.registry.pointer(replay.model).champion == "v3"
    assert "rolled-back" not in kinds(replay)
    replay.watch()
    assert (known(replay)["champion"], known(replay)["version"]) == ("v3", "v2")


def test_where_promotions_are_a_persons_the_rollback_is_recommended_once() -> None:
    replay = promoted(mode="manual")
    for step in range(3):
        told(replay, 200, concept=0.5, seed=1_000 * step)
        replay.watch()
    assert replay.registry.pointer(replay.model).champion == "v2"
    assert kinds(replay).count("recommended") == 1
    event = events.history(replay.storage, replay.model)[-1]
    assert event.text.startswith("Champion v2 should be rolled back, which waits for a person")
    assert "POST /models/steps/rollback" in event.text
    spec.save(replay.storage, replace(replay.spec, promotion=Promotion()))
    told(replay, 100, concept=0.5, seed=9_000)
    assert any("Champion v2 is rolled back to v1" in text for text in replay.watch().decisions)
    assert replay.registry.pointer(replay.model).champion == "v1"


def test_a_challenger_outlives_the_rollback_and_is_judged_against_the_champion_that_came_back() -> None:
    replay = promoted()
    replay.registry.register(replay.model, publish(replay, "v3", 0.6))
    told(replay, 400, concept=0.5, seed=1)
    replay.watch()
    pointer = replay.registry.pointer(replay.model)
    assert (pointer.champion, pointer.challenger) == ("v1", "v3")
    told(replay, 100, concept=0.5, seed=5_000)
    replay.watch()
    comparison = states.load(replay.storage, replay.model).comparison
    assert comparison is not None
    assert (comparison["champion"], comparison["challenger"]) == ("v1", "v3")


def test_a_champion_before_that_wants_a_column_the_log_lacks_ends_the_shadow_with_the_reason() -> None:
    replay = begun(retrain={"on_alarm": False, "recall": False})
    replay.registry.register(replay.model, publish(replay, "wide", 0.5, names=("x", "y")))
    replay.registry.promote(replay.model, "wide", "For the test.")
    replay.registry.register(replay.model, publish(replay, "v3", 0.7))
    replay.clock.advance(seconds=1)
    replay.registry.promote(replay.model, "v3", "For the test.")
    told(replay, 100, concept=0.5, seed=1)
    replay.watch()
    assert known(replay)["state"] == "ended"
    assert "It needs y" in known(replay)["text"]
    assert kinds(replay)[-1] == "shadow-ended"


def test_a_champion_before_that_cannot_be_loaded_ends_the_shadow_and_not_the_pass() -> None:
    replay = promoted()
    replay.storage.put(MODELS, f"{replay.model}/v1/model.onnx", b"broken")
    told(replay, 100, concept=0.5, seed=1)
    report = replay.watch()
    assert report.failure is None
    assert (known(replay)["state"], report.labelled) == ("ended", 100)


def test_without_shadow_rows_there_is_no_shadow() -> None:
    replay = promoted(shadow_rows=0)
    told(replay, 400, concept=0.5, seed=1)
    replay.watch()
    assert known(replay)["state"] == "none"
    assert replay.registry.pointer(replay.model).champion == "v2"


def test_a_first_champion_has_no_shadow() -> None:
    replay = begun()
    told(replay, 100, concept=0.9, seed=1)
    replay.watch()
    assert states.load(replay.storage, replay.model).shadow is None
    assert shadow.ALPHA == 0.01
