"""What calls for a run beside a fallen accuracy, what holds it back, and that one cause gives one run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from automl import events, spec
from automl.errors import EvergreenError
from automl.events import iso
from automl.monitoring import drift
from automl.monitoring import state as states
from automl.monitoring.causes import tries
from automl.parsing import parse_records
from automl.run import Cause, Run
from automl.spec import Spec
from automl.storage import CONTROL
from tests.support.at_once import at_once
from tests.support.replay import Replay, append
from tests.support.thresholds import begun, told
from tests.unit.monitoring import drifting


def reason(replay: Replay) -> str:
    """What the monitor's report says of runs."""
    return str(states.load(replay.storage, replay.model).report["retraining"])


def causes(replay: Replay) -> list[str]:
    """Kinds of the causes of all runs, oldest first."""
    return [run.cause["kind"] for run in replay.runs.find(replay.model)][::-1]


def in_vain(_: Replay, run: Run) -> str:
    """A training that finds no usable model."""
    raise EvergreenError(f"Run {run.id} found no model.")


def weekly(**retrain: Any) -> Replay:
    """A sound model with labelled rows and a weekly schedule."""
    replay = begun(trainer=in_vain, retrain={"every_days": 7, "min_new_labels": 100, **retrain})
    told(replay, 300, concept=0.5, seed=1)
    replay.watch()
    return replay


def failing(**retrain: Any) -> Replay:
    """A model whose accuracy has fallen, and that no training helps; its first run has ended."""
    replay = begun(trainer=in_vain, retrain={"min_new_labels": 100, **retrain})
    more(replay, 800, seed=1)
    return replay


def more(replay: Replay, rows: int, *, seed: int) -> None:
    """Labelled rows that the model gets wrong, a pass, and what training there is to do."""
    told(replay, rows, concept=0.9, seed=seed)
    replay.watch()
    replay.train_all()


def test_a_sound_model_without_a_schedule_is_left_alone_and_told_so() -> None:
    replay = begun()
    told(replay, 300, concept=0.5, seed=1)
    replay.clock.advance(days=400)
    told(replay, 300, concept=0.5, seed=1000)
    replay.watch()
    assert causes(replay) == []
    assert reason(replay) == "No run is asked for, as nothing calls for one."


def test_the_schedule_asks_for_one_run_when_the_champion_is_old_enough() -> None:
    replay = weekly()
    replay.clock.advance(days=6, hours=23)
    told(replay, 100, concept=0.5, seed=1000)
    replay.watch()
    assert causes(replay) == []
    replay.clock.advance(hours=1)
    for step in range(3):
        told(replay, 100, concept=0.5, seed=2000 + 1000 * step)
        replay.watch()
    assert causes(replay) == ["schedule"]
    event = events.history(replay.storage, replay.model)[-1]
    assert (event.kind, event.evidence["cause"]) == ("retraining", "schedule")
    assert "The schedule of a run every 7 days was due at 2026-11-27T16:00:00.000Z" in event.text


def test_the_schedule_counts_from_the_newest_run_whoever_asked_for_it() -> None:
    replay = weekly()
    replay.clock.advance(days=5)
    asked = Cause(kind="request", key="1", text="Asked for.", at=replay.clock())
    replay.runs.request(replay.model, asked, {"blob": "steps/table", "etag": "1", "format": "csv"})
    replay.train_all()
    for days, expected in ((5, ["request"]), (2, ["request", "schedule"]), (6, ["request", "schedule"])):
        replay.clock.advance(days=days)
        told(replay, 200, concept=0.5, seed=1000 * days)
        replay.watch()
        replay.train_all()
        assert causes(replay) == expected
    replay.clock.advance(days=1)
    told(replay, 100, concept=0.5, seed=9000)
    replay.watch()
    assert causes(replay) == ["request", "schedule", "schedule"]


def test_the_budget_of_a_month_bounds_the_minutes_of_runs_and_says_until_when() -> None:
    def slow(replay: Replay, run: Run) -> str:
        replay.clock.advance(minutes=4)
        raise EvergreenError("No model was found.")

    replay = begun(trainer=slow, search={"time_budget": 120}, retrain={"min_new_labels": 100, "budget_minutes": 9})
    for step in range(4):
        more(replay, 800, seed=1000 * step)
    assert causes(replay) == ["accuracy", "accuracy"]  # 4 minutes each, and the next may take 2
    free = iso(datetime.fromisoformat(replay.runs.find(replay.model)[1].started or "") + timedelta(days=30))
    expected = (
        f"runs took 8.0 of the 9 minutes that they may take within 30 days, and the next may not be before {free}"
    )
    assert expected in reason(replay)
    replay.clock.now = datetime.fromisoformat(free) - timedelta(minutes=5)
    more(replay, 100, seed=9000)
    assert len(causes(replay)) == 2
    replay.clock.now = datetime.fromisoformat(free)
    more(replay, 100, seed=9500)
    assert len(causes(replay)) == 3


def test_a_search_that_is_longer_than_the_budget_is_never_asked_for() -> None:
    replay = begun(trainer=in_vain, search={"time_budget": 120}, retrain={"budget_minutes": 1.5})
    more(replay, 800, seed=1)
    assert causes(replay) == []
    assert "one search of 2 minutes is more than the 1.5 of retrain.budget_minutes" in reason(replay)


def test_the_schedule_waits_for_something_new_to_learn_from() -> None:
    replay = begun(retrain={"every_days": 7, "min_new_labels": 0})
    replay.clock.advance(days=8)
    replay.predict([{"x": 0.5}])
    replay.watch()
    assert causes(replay) == []
    assert reason(replay).startswith("No run is asked for, as of 1 new labelled rows that it takes 0 have come: The")
    told(replay, 100, concept=0.5, seed=1)
    replay.watch()
    assert causes(replay) == ["schedule"]


def test_truth_that_comes_after_a_run_for_predictions_before_it_is_new_to_the_next() -> None:
    replay = weekly()
    late = replay.predict([{"x": 0.3}] * 150)
    replay.clock.advance(days=7)
    told(replay, 100, concept=0.5, seed=1000)
    replay.clock.advance(hours=1)
    replay.watch()
    replay.train_all()
    assert causes(replay) == ["schedule"]
    replay.clock.advance(days=7)
    replay.tell(late[:99])
    replay.watch()
    assert causes(replay) == ["schedule"]
    replay.tell(late[99:])
    replay.watch()
    assert causes(replay) == ["schedule", "schedule"]


def test_a_lost_state_asks_for_no_second_run_of_the_same_schedule() -> None:
    replay = weekly()
    replay.clock.advance(days=7)
    told(replay, 100, concept=0.5, seed=1000)
    for _ in range(2):
        replay.watch()
        replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    replay.train_all()
    replay.watch()
    assert causes(replay) == ["schedule"]


@pytest.mark.parametrize("monitors", [2, 6])
def test_monitors_at_once_ask_for_one_run_of_a_schedule(monitors: int) -> None:
    replay = weekly()
    replay.clock.advance(days=7)
    told(replay, 100, concept=0.5, seed=1000)
    at_once(*[replay.watch] * monitors)
    replay.watch()
    assert causes(replay) == ["schedule"]
    assert len(replay.storage.queues["train"]) == 1


def test_after_a_cooldown_the_next_run_is_asked_for_and_not_before() -> None:
    replay = failing(cooldown_hours=6)
    more(replay, 300, seed=10_000)
    assert causes(replay) == ["accuracy"]
    assert "the next may not be before 2026-11-20T22:08:08.000Z: The accuracy of" in reason(replay)
    replay.clock.advance(hours=6)
    replay.watch()  # nothing is new but the time
    assert causes(replay) == ["accuracy", "accuracy"]


def test_no_more_runs_are_asked_for_in_24_hours_than_the_spec_allows() -> None:
    replay = failing(most_per_day=2)
    for step in range(4):
        replay.clock.advance(hours=2)
        more(replay, 200, seed=10_000 * (step + 1))
    assert causes(replay) == ["accuracy"] * 2
    assert "there were 2 within 24 hours, and the next may not be before 2026-11-21T16:0" in reason(replay)
    replay.clock.advance(hours=17)
    more(replay, 100, seed=90_000)
    assert causes(replay) == ["accuracy"] * 3
    more(replay, 200, seed=95_000)
    assert causes(replay) == ["accuracy"] * 3  # the second and the third are within 24 hours


def test_the_limits_hold_for_all_causes_together_and_runs_of_people_do_not_count() -> None:
    replay = weekly(cooldown_hours=24 * 30)
    asked = Cause(kind="request", key="1", text="Asked for.", at=replay.clock())
    replay.runs.request(replay.model, asked, {"blob": "steps/table", "etag": "1", "format": "csv"})
    replay.train_all()
    replay.clock.advance(days=7)
    told(replay, 100, concept=0.5, seed=1000)
    replay.watch()
    replay.train_all()
    assert causes(replay) == ["request", "schedule"]
    more(replay, 800, seed=20_000)
    assert states.load(replay.storage, replay.model).alarm is not None
    assert causes(replay) == ["request", "schedule"]
    assert "may not be before" in reason(replay)


def test_the_report_tells_that_a_run_is_open_and_writes_it_once() -> None:
    replay = failing()
    replay.watch()
    told_now = reason(replay)
    assert told_now.startswith("No run is asked for, as ")
    operations: list[str] = []
    replay.storage.before = lambda operation, *_: operations.append(operation)
    assert replay.watch().text == "Nothing is new."
    assert set(operations) <= {"get", "list"}


def drift_is_on(**retrain: Any) -> Replay:
    """A model asked about rows far from those of its training, whose truth comes at once."""
    replay = drifting.begun()
    replay.trainer = in_vain
    wanted = replay.spec.to_json() | {"retrain": {"on_drift": True, "min_new_labels": 100, **retrain}}
    spec.save(replay.storage, Spec.from_json(wanted))
    answer(replay, drifting.records(1_500, seed=1, age=60, baker=0.9))
    return replay


def answer(replay: Replay, rows: list[dict[str, Any]]) -> None:
    """Log rows and the truth of the first 200, an hour later than the last; the answers are right."""
    replay.clock.advance(hours=1)
    now_ms = round(replay.clock().timestamp() * 1000)
    signature = drifting.trained()[0]
    logged = drifting.as_logged(signature, parse_records(signature, rows))
    ids = replay.ids.mint(replay.model, len(logged), now_ms)
    champion = replay.registry.pointer(replay.model).champion
    lines = [
        orjson.dumps({"id": one, "model": replay.model, **record, "version": champion, "at": now_ms})
        for one, record in zip(ids, logged, strict=True)
    ]
    append(replay.storage, replay.model, "predictions", replay.clock(), lines)
    replay.tell([(one, record["prediction"]) for one, record in zip(ids[:200], logged[:200], strict=True)])
    replay.watch()


def test_drift_asks_for_one_run_where_the_spec_wants_it_however_long_it_lasts() -> None:
    replay = drift_is_on()
    assert causes(replay) == ["drift"]
    assert "has drifted from what it was trained on" in events.history(replay.storage, replay.model)[-1].text
    answer(replay, drifting.records(1_500, seed=19, age=60, baker=0.9))
    assert f"as run {replay.runs.find(replay.model)[0].id} is open: The data" in reason(replay)
    replay.train_all()
    for seed in range(3):
        answer(replay, drifting.records(1_500, seed=20 + seed, age=60, baker=0.9))
    assert drift.is_on(states.load(replay.storage, replay.model))
    assert causes(replay) == ["drift"]
    assert "as what calls for one has had it: The data that champion v1 answers has drifted" in reason(replay)


def test_drift_that_begins_again_asks_again() -> None:
    replay = drift_is_on()
    replay.train_all()
    replay.clock.advance(days=2)
    answer(replay, drifting.records(3_000, seed=7))
    assert not drift.is_on(states.load(replay.storage, replay.model))
    replay.clock.advance(days=2)
    answer(replay, drifting.records(1_500, seed=8, age=60, baker=0.9))
    assert causes(replay) == ["drift", "drift"]


def test_a_lost_state_asks_for_no_second_run_of_the_same_drift() -> None:
    replay = drift_is_on()
    replay.train_all()
    before = states.load(replay.storage, replay.model).drift
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    answer(replay, drifting.records(1_500, seed=9, age=60, baker=0.9))
    after = states.load(replay.storage, replay.model).drift
    assert before is not None
    assert after is not None
    assert (after["on"], after["key"]) == (True, before["key"])
    assert causes(replay) == ["drift"]


def test_monitors_at_once_ask_for_one_run_of_a_drift() -> None:
    replay = drift_is_on(min_new_labels=300)
    assert causes(replay) == []
    assert "as of 300 new labelled rows that it takes 200 have come" in reason(replay)
    watching = replay.watch
    replay.watch = lambda: None  # type: ignore[method-assign, assignment, return-value]
    answer(replay, drifting.records(1_500, seed=2, age=60, baker=0.9))
    at_once(*[watching] * 4)
    watching()
    assert causes(replay) == ["drift"]
    assert len(replay.storage.queues["train"]) == 1


def test_only_runs_for_a_fallen_accuracy_of_late_make_the_next_one_wait() -> None:
    def asked_at(labels: int, kind: str = "accuracy") -> Run:
        cause = {"kind": kind, "key": f"v1/2026-11-20T16:00:00.000Z/{labels}", "text": ""}
        return Run(id=str(labels), model="steps", cause=cause, at="2026-11-20T16:00:00.000Z", data={})

    runs = [asked_at(29_000), asked_at(28_000, "drift"), asked_at(20_000), asked_at(17_500), asked_at(400)]
    assert tries(states.State(labelled=30_000), runs, 12_500) == 2
    assert tries(states.State(labelled=29_999), runs, 12_500) == 3
    assert tries(states.State(labelled=60_000), runs, 12_500) == 0
    assert tries(states.State(labelled=30_000), runs, 0) == 0
