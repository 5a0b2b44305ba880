"""What a monitor pass promises: every truth once, exactly one run for an alarm, and the same end however it dies."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from automl import events
from automl.errors import Unavailable
from automl.log import reader
from automl.monitoring import ingest
from automl.monitoring import state as states
from automl.monitoring.ledger import SWEPT_DAILY, SWEPT_IN_DAYS
from automl.monitoring.passes import monitor_all, monitor_pass
from automl.run import Cause
from automl.storage import CONTROL, LOG
from tests.support.at_once import at_once
from tests.support.ledger import blobs, entries
from tests.support.replay import Replay, append, prediction_line
from tests.support.thresholds import SPEC, begun, copied, count_errors, fit, publish, stream, told


def seen(replay: Replay) -> states.State:
    return states.load(replay.storage, replay.model)


def performance(replay: Replay, window: str = "all") -> dict[str, Any]:
    found: list[dict[str, Any]] = seen(replay).report["performance"]
    return next(item for item in found if item["window"] == window)


def kinds(replay: Replay) -> list[str]:
    return [event.kind for event in events.history(replay.storage, replay.model)]


def fallen(**spec: Any) -> Replay:
    """A champion that was good, whose concept has moved; the monitor has seen the good days."""
    replay = begun(**spec)
    told(replay, 300, concept=0.5, seed=1)
    replay.watch()
    told(replay, 800, concept=0.9, seed=1000)
    return replay


def test_performance_and_coverage_are_those_of_the_log() -> None:
    replay = begun()
    told(replay, 400, concept=0.6, seed=1)
    stream(replay, 100, concept=0.6, seed=9)
    report = replay.watch()
    assert (report.truths, report.labelled, report.predictions) == (400, 400, 500)
    errors = count_errors(replay)
    assert performance(replay) == {
        "version": "v1",
        "window": "all",
        "n": 400,
        "accuracy": pytest.approx(1 - sum(errors) / 400),
    }
    coverage = seen(replay).report["coverage"]
    assert (coverage["predictions"], coverage["labelled"], coverage["share"]) == (500, 400, 0.8)


def test_a_stationary_stream_raises_no_alarm_and_asks_for_nothing() -> None:
    replay = begun()
    for day in range(10):
        told(replay, 500, concept=0.5, seed=day * 10_000)
        replay.watch()
    assert seen(replay).alarm is None
    assert kinds(replay) == ["registered"]
    assert replay.storage.queues == {}


def test_drift_raises_one_alarm_and_asks_for_exactly_one_run() -> None:
    replay = fallen()
    for _ in range(4):
        replay.watch()
    assert kinds(replay) == ["registered", "alarm", "retraining"]
    runs = replay.runs.find(replay.model)
    assert [run.cause["kind"] for run in runs] == ["accuracy"]
    assert len(replay.storage.queues["train"]) == 1
    text = events.history(replay.storage, replay.model)[1].text
    assert "The accuracy of champion v1 has fallen: after" in text
    assert "e-value" in text
    assert "2,000 holdout rows" in text


def test_no_run_is_asked_for_where_the_spec_does_not_want_it() -> None:
    replay = fallen(retrain={"on_alarm": False})
    replay.watch()
    assert kinds(replay) == ["registered", "alarm"]
    assert replay.runs.find(replay.model) == []


def test_a_run_waits_for_enough_labelled_rows() -> None:
    replay = begun(retrain={"min_new_labels": 1000})
    told(replay, 600, concept=0.95, seed=5)
    replay.watch()
    assert seen(replay).alarm is not None
    assert replay.runs.find(replay.model) == []
    told(replay, 400, concept=0.95, seed=5000)
    replay.watch()
    assert len(replay.runs.find(replay.model)) == 1


def test_no_second_run_is_asked_for_while_one_is_open_or_its_challenger_is_judged() -> None:
    replay = fallen(promotion={"alarm_rows": 100_000})
    replay.watch()
    for step in range(3):
        told(replay, 800, concept=0.9, seed=20_000 * (step + 1))
        replay.watch()
    assert len(replay.runs.find(replay.model)) == 1
    replay.train_all()
    for step in range(3):
        told(replay, 100, concept=0.9, seed=300_000 * (step + 1))
        replay.watch()
    assert replay.registry.pointer(replay.model).challenger is not None
    assert len(replay.runs.find(replay.model)) == 1


def test_the_wait_grows_when_run_after_run_brings_nothing() -> None:
    def worse(replay: Replay, run: Any) -> str:
        until = replay.clock().isoformat()
        return publish(replay, run.id, 0.05, run_id=run.id, trained_until=until)

    replay = begun(trainer=worse, retrain={"min_new_labels": 100}, promotion={"alarm_rows": 200})
    asked_at: list[int] = []
    for step in range(80):
        told(replay, 100, concept=0.8, seed=step * 1000)
        replay.watch()
        if replay.train_all():
            asked_at.append(seen(replay).labelled)
    waits = [after - before for before, after in itertools.pairwise(asked_at)]
    assert waits == sorted(waits)
    assert waits[0] <= 300
    assert waits[-1] >= 3_200
    assert replay.registry.pointer(replay.model).champion == "v1"


def test_a_challenger_that_learnt_the_new_concept_is_promoted_on_rows_it_never_saw() -> None:
    replay = fallen()
    replay.watch()
    replay.train_all()
    decisions = [text for _ in range(2) for text in replay.watch().decisions]
    pointer = replay.registry.pointer(replay.model)
    assert pointer.champion == replay.runs.find(replay.model)[0].version
    assert pointer.previous == "v1"
    promoted = next(text for text in decisions if "replaces champion v1" in text)
    assert "labelled rows that neither was trained on" in promoted
    assert "look" in promoted
    replay.watch()
    assert seen(replay).alarm is None


def test_a_challenger_within_noise_is_kept_out_and_the_champion_stays() -> None:
    replay = begun(promotion={"rows": 1000})
    told(replay, 100, concept=0.5, seed=1)
    replay.registry.register(replay.model, publish(replay, "v2", 0.5))
    told(replay, 1200, concept=0.5, seed=500)
    text = replay.watch().decisions[-1]
    assert text.startswith("Champion v1 stays")
    assert "1,000 labelled rows" in text
    assert replay.registry.pointer(replay.model).challenger is None


def test_an_open_comparison_says_how_many_labelled_rows_are_missing() -> None:
    replay = begun(promotion={"rows": 1000})
    told(replay, 100, concept=0.5, seed=1)
    replay.registry.register(replay.model, publish(replay, "v2", 0.45))
    told(replay, 150, concept=0.5, seed=500)
    replay.watch()
    comparison = seen(replay).comparison
    assert comparison is not None
    assert comparison["missing"] == 50
    assert "50 are missing" in comparison["text"]
    assert replay.registry.pointer(replay.model).challenger == "v2"


def test_a_challenger_that_needs_a_column_nobody_logged_is_undecided() -> None:
    replay = begun()
    told(replay, 100, concept=0.5, seed=1)
    replay.registry.register(replay.model, publish(replay, "v2", 0.5, names=("x", "y")))
    told(replay, 1000, concept=0.5, seed=500)
    assert "It needs y" in replay.watch().decisions[-1]
    assert kinds(replay)[-1] == "undecided"


def test_no_look_is_made_at_rows_that_one_of_the_two_was_trained_on() -> None:
    replay = begun(promotion={"rows": 1000})
    told(replay, 600, concept=0.5, seed=1)
    replay.registry.register(replay.model, publish(replay, "v2", 0.5))  # trained until now
    replay.watch()
    comparison = seen(replay).comparison
    assert comparison is not None
    assert comparison["looks"] == []


def test_the_same_truth_twice_counts_once_and_a_correction_counts() -> None:
    replay = begun()
    truths = stream(replay, 200, concept=0.5, seed=3, noise=0.0)
    replay.tell(truths + truths[:50])
    replay.watch()
    replay.clock.advance(minutes=1)
    replay.tell(truths[:30])
    replay.watch()
    assert (seen(replay).labelled, performance(replay)["accuracy"]) == (200, 1.0)
    before = seen(replay).watch
    replay.clock.advance(minutes=1)
    replay.tell([(one, 1 - truth) for one, truth in truths[:20]])
    replay.watch()
    assert performance(replay)["accuracy"] == pytest.approx(0.9)
    assert performance(replay)["accuracy"] == pytest.approx(1 - sum(count_errors(replay)) / 200)
    assert seen(replay).watch == before  # the alarm took each id's first truth
    assert seen(replay).counts == {"truths": 250, "repeated": 30, "corrected": 20}


def test_an_older_truth_that_comes_later_does_not_replace_a_newer_one() -> None:
    replay = begun()
    (one, truth), *_ = stream(replay, 10, concept=0.5, seed=3, noise=0.0)
    now = round(replay.clock().timestamp() * 1000)
    right = {"id": one, "truth": truth, "at": now, "received": now}
    wrong = {"id": one, "truth": 1 - truth, "at": now - 5000, "received": now + 1}
    for record in (right, wrong):
        append(replay.storage, replay.model, "truth", replay.clock(), [orjson.dumps(record)])
        replay.watch()
    assert performance(replay)["accuracy"] == 1.0


def test_truth_in_any_order_and_any_passes_gives_the_same_numbers() -> None:
    replay = begun()
    truths = stream(replay, 300, concept=0.8, seed=4)
    whole, parts = Replay(replay.spec, storage=copied(replay.storage)), replay
    whole.clock.now = replay.clock.now
    whole.tell(truths)
    whole.watch()
    for start in range(0, 300, 7):
        parts.tell(truths[start : start + 7])
        parts.watch()
    assert performance(parts) == performance(whole)
    assert seen(parts).labelled == seen(whole).labelled == 300
    assert sum(seen(parts).watch["detector"]["rest"]) == pytest.approx(0)  # type: ignore[index]


def test_long_backlog_is_taken_in_steps_and_comes_to_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = fallen(retrain={"on_alarm": False})
    whole = Replay(replay.spec, storage=copied(replay.storage))
    whole.clock.now = replay.clock.now
    saves: list[str] = []
    whole.storage.before = replay.storage.before = lambda operation, _, name: (
        saves.append(name) if (operation, name) == ("put", f"{replay.model}/monitor.json") else None
    )
    at_once = whole.watch()
    assert len(saves) == 2  # what it decided, and that it is done
    monkeypatch.setattr(reader, "PIECE_BYTES", 4_000)
    monkeypatch.setattr(ingest, "STEP_TRUTHS", 100)
    monkeypatch.setattr(ingest, "MOST_TRUTHS", 100)
    monkeypatch.setattr(ingest, "STEP_PREDICTIONS", 150)
    in_steps = replay.watch()
    assert len(saves) > 8
    assert (in_steps.text, in_steps.truths, in_steps.labelled) == (at_once.text, 800, 800)
    for name in ("labelled", "predictions", "counts", "offsets", "since_hour", "newest_ms"):
        assert getattr(seen(replay), name) == getattr(seen(whole), name), name
    assert (seen(replay).alarm is None, seen(whole).alarm is None) == (False, False)
    assert performance(replay) == performance(whole)


def test_truth_that_comes_during_a_pass_of_hours_is_left_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = begun()
    truths = stream(replay, 300, concept=0.5, seed=4)
    replay.tell(truths[:200])

    def later(operation: str, _: str, name: str) -> None:
        if (operation, name) == ("put", f"{replay.model}/monitor.json"):
            replay.storage.before = lambda *_: None
            replay.tell(truths[200:])
            replay.clock.advance(hours=3)

    replay.storage.before = later
    monkeypatch.setattr(reader, "PIECE_BYTES", 4_000)
    monkeypatch.setattr(ingest, "STEP_PREDICTIONS", 100)
    assert [replay.watch().labelled for _ in range(2)] == [200, 100]


def test_truth_weeks_late_finds_its_prediction() -> None:
    replay = begun()
    truths = stream(replay, 100, concept=0.5, seed=5)
    replay.watch()
    replay.clock.advance(days=20)
    stream(replay, 10, concept=0.5, seed=6)
    replay.watch()
    replay.tell(truths)
    assert replay.watch().labelled == 100


def test_truth_for_a_prediction_older_than_what_is_kept_is_counted_as_late() -> None:
    replay = begun()
    early, late = stream(replay, 60, concept=0.5, seed=5), stream(replay, 40, concept=0.5, seed=6)
    replay.tell(early)
    replay.watch()
    replay.clock.advance(days=100)
    replay.tell(stream(replay, 10, concept=0.5, seed=7))
    replay.watch()
    assert performance(replay)["n"] == 70
    replay.tell(late)
    replay.watch()
    assert (performance(replay)["n"], seen(replay).counts["late"]) == (70, 40)


def test_truth_waits_for_a_prediction_that_may_still_be_written_and_is_an_orphan_afterwards() -> None:
    replay = begun()
    now_ms = round(replay.clock().timestamp() * 1000)
    waiting, orphan = replay.ids.mint(replay.model, 2, now_ms)
    replay.tell([(waiting, 1), (orphan, 1)])
    replay.watch()
    assert len(seen(replay).pending) == 2
    line = prediction_line(id=waiting, model=replay.model, version="v1", at=now_ms, features={"x": 0.9}, prediction=1)
    append(replay.storage, replay.model, "predictions", replay.clock(), [line])
    assert replay.watch().labelled == 1
    replay.clock.advance(hours=4)
    stream(replay, 10, concept=0.5, seed=7)
    replay.watch()
    assert (seen(replay).pending, seen(replay).counts["orphaned"]) == ([], 1)


def test_truth_by_business_key_finds_its_prediction_before_and_after_it() -> None:
    replay = begun()
    now_ms = round(replay.clock().timestamp() * 1000)
    first, second = replay.ids.mint(replay.model, 2, now_ms)

    def predicted(one: str, key: str) -> bytes:
        record = {"id": one, "key": key, "model": replay.model, "version": "v1", "role": "champion", "at": now_ms}
        return orjson.dumps({**record, "features": {"x": 0.9}, "prediction": 1})

    truths = [orjson.dumps({"key": key, "truth": 1, "at": now_ms, "received": now_ms}) for key in ("a", "b")]
    append(replay.storage, replay.model, "predictions", replay.clock(), [predicted(first, "a")])
    append(replay.storage, replay.model, "truth", replay.clock(), truths)
    assert replay.watch().labelled == 1
    append(replay.storage, replay.model, "predictions", replay.clock(), [predicted(second, "b")])
    assert replay.watch().labelled == 1
    assert seen(replay).pending == []


def test_half_a_line_waits_for_its_other_half() -> None:
    replay = begun()
    truths = stream(replay, 1, concept=0.5, seed=8)
    line = orjson.dumps({"id": truths[0][0], "truth": truths[0][1], "at": 1, "received": 1}) + b"\n"
    name = f"{replay.model}/truth/2026-11-20/16/torn.jsonl"
    replay.storage.append(LOG, name, line[:40], at=0)
    assert replay.watch().labelled == 0
    replay.storage.append(LOG, name, line[40:], at=40)
    assert replay.watch().labelled == 1


def test_closed_hours_are_no_longer_listed_or_remembered() -> None:
    replay = begun()
    for hour in range(6):
        told(replay, 100, concept=0.5, seed=hour * 100)
        replay.watch()
        replay.clock.advance(hours=1)
    assert len(seen(replay).offsets) <= 4
    assert seen(replay).since_hour == "2026-11-20/20"


def test_a_pass_with_nothing_new_writes_nothing_and_says_so() -> None:
    replay = fallen()
    replay.watch()
    replay.watch()
    operations: list[str] = []
    replay.storage.before = lambda operation, *_: operations.append(operation)
    assert replay.watch().text == "Nothing is new."
    assert set(operations) <= {"get", "list"}


def test_a_pass_with_nothing_new_imports_nothing_heavy() -> None:
    code = """
import sys
from datetime import UTC, datetime
from automl.monitoring.passes import monitor_all
from automl.registry import Registry
from automl.runs import Runs
from automl.settings import Settings
from automl.monitoring import state
from automl.storage import CONTROL
from tests.support.memory import MemoryStorage
storage, clock = MemoryStorage(), lambda: datetime(2026, 11, 20, tzinfo=UTC)
pointer = b'{"champion":"v1","challenger":null,"previous":null,"since":"2026-11-20T00:00:00.000Z","event":1}'
storage.put(CONTROL, "steps/champion.json", pointer)
state.save(storage, "steps", state.State(event=1))
print(monitor_all(storage, Registry(storage, clock), Runs(storage, clock, Settings()), clock)[0].text)
print({"numpy", "onnxruntime", "flaml", "sklearn"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["Nothing is new.", "set()"]


@pytest.mark.parametrize("damage", [None, b"not json", b'{"format": 99}', b"[]"])
def test_a_lost_state_is_rebuilt_from_what_is_stored(damage: bytes | None) -> None:
    replay = fallen()
    replay.watch()
    before, rows = seen(replay), entries(replay.storage, replay.model)
    if damage is None:
        replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    else:
        replay.storage.put(CONTROL, f"{replay.model}/monitor.json", damage)
    replay.watch()
    after = seen(replay)
    for name in (
        "labelled",
        "predictions",
        "watch",
        "alarm",
        "sums",
        "newest",
        "offsets",
        "counts",
        "newest_ms",
        "comparison",
    ):
        assert getattr(after, name) == getattr(before, name), name
    assert after.report["performance"] == before.report["performance"]
    assert entries(replay.storage, replay.model) == rows
    assert kinds(replay) == ["registered", "alarm", "retraining"]
    assert len(replay.storage.queues["train"]) == 1


def test_a_comparison_survives_a_lost_state_under_the_plan_it_began_with() -> None:
    replay = begun(promotion={"rows": 1000})
    told(replay, 100, concept=0.5, seed=1)
    replay.registry.register(replay.model, publish(replay, "v2", 0.45))
    told(replay, 250, concept=0.5, seed=500)
    replay.watch()
    before = seen(replay).comparison
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    changed = Replay(begun(promotion={"rows": 9000}).spec, storage=replay.storage, clock=replay.clock)
    changed.watch()
    assert before is not None
    assert len(before["looks"]) == 1
    assert seen(changed).comparison == before


def outcome(replay: Replay) -> dict[str, Any]:
    """Everything that must not depend on how a pass died."""
    state = states.show(replay.storage, replay.model)
    for name in ("event", "report"):  # numbers of void intents, and when the last pass was
        del state[name]
    pointer = replay.registry.pointer(replay.model)
    noted = [event for event in events.history(replay.storage, replay.model) if event.pointer is None]
    return {
        "state": state,
        "rows": entries(replay.storage, replay.model),
        "champion": pointer.champion,
        "challenger": pointer.challenger,
        "notes": [(event.kind, event.text) for event in noted],
        "runs": [run.id for run in replay.runs.find(replay.model)],
    }


def dying_at(step: int) -> Callable[[str, str, str], None]:
    """A fault at one operation, counted from 1."""
    operations = itertools.count(1)

    def before(*_: str) -> None:
        if next(operations) == step:
            raise Unavailable("storage is gone")

    return before


def asks() -> Replay:
    return fallen()


def judges() -> Replay:
    replay = fallen()
    replay.watch()
    replay.train_all()
    return replay


def recommends() -> Replay:
    replay = fallen(promotion={"mode": "manual"})
    replay.watch()
    replay.train_all()
    return replay


def is_due() -> Replay:
    replay = begun(retrain={"every_days": 7})
    told(replay, 300, concept=0.5, seed=1)
    replay.watch()
    replay.clock.advance(days=7)
    told(replay, 100, concept=0.5, seed=1000)
    return replay


def rolls_back() -> Replay:
    replay = begun(retrain={"on_alarm": False})
    replay.registry.register(replay.model, publish(replay, "v2", 0.8))
    replay.registry.promote(replay.model, "v2", "For the test.")
    told(replay, 200, concept=0.5, seed=1)
    return replay


def recalls() -> Replay:
    replay = begun(0.3, retrain={"on_alarm": False}, promotion={"shadow_rows": 0})
    replay.clock.advance(seconds=1)
    replay.registry.register(replay.model, publish(replay, "winter", 0.7))
    replay.registry.promote(replay.model, "winter", "For the test.")
    told(replay, 100, concept=0.3, seed=1)
    return replay


@pytest.mark.parametrize("scenario", [asks, judges, recommends, is_due, rolls_back, recalls])
def test_a_pass_that_dies_at_any_operation_is_finished_by_the_next(scenario: Callable[[], Replay]) -> None:
    start = scenario()

    def fresh() -> Replay:
        other = Replay(start.spec, storage=copied(start.storage), trainer=fit)
        other.clock.now = start.clock.now
        return other

    whole = fresh()
    whole.watch()
    whole.watch()
    expected, step = outcome(whole), 0
    while True:
        replay, step = fresh(), step + 1
        replay.storage.before = dying_at(step)
        try:
            replay.watch()
        except Unavailable:
            died = True
        else:
            died = False
        replay.storage.before = lambda *_: None
        if not died:
            break  # the whole pass takes fewer operations
        replay.watch()
        replay.watch()
        assert outcome(replay) == expected, f"dying at operation {step}"
        replay.clock.advance(seconds=61)  # a message that was never sent is sent again by then
        replay.watch()
        assert [run.id for run in replay.train_all()] == [
            run.id for run in whole.runs.find(whole.model) if run.is_open
        ]
    assert step > 10


def test_what_dead_passes_left_beside_the_state_is_swept_a_day_later() -> None:
    replay = fallen()
    replay.watch()
    told(replay, 10, concept=0.5, seed=7)
    replay.storage.before = dying_at_save(replay)
    with pytest.raises(Unavailable):
        replay.watch()
    replay.storage.before = lambda *_: None
    replay.clock.advance(hours=1)
    replay.watch()
    with pytest.raises(AssertionError, match="two blobs"):
        blobs(replay.storage, replay.model)
    replay.clock.advance(days=2)
    told(replay, 10, concept=0.5, seed=8)
    replay.watch()
    assert blobs(replay.storage, replay.model) == {
        f"{kind}/{hour}" for kind, hour in entries(replay.storage, replay.model)
    }


def test_what_dead_passes_left_in_old_hours_is_swept_within_a_month() -> None:
    replay = fallen()
    replay.watch()
    left = f"{replay.model}/monitor/labelled/2026-10-03/07/20261120T000000000000-00000000"
    replay.storage.put(CONTROL, left, b"")
    listed: list[int] = []
    for day in range(SWEPT_IN_DAYS):
        replay.clock.advance(days=1)
        told(replay, 10, concept=0.5, seed=8 + day)
        days: set[str] = set()

        def note(operation: str, _: str, name: str, days: set[str] = days) -> None:
            if operation == "find" and "/monitor/labelled/2" in name:
                days.add(name)

        replay.storage.before = note
        replay.watch()
        listed.append(len(days))
    assert max(listed) <= SWEPT_DAILY + 2
    assert left not in {info.name for info in replay.storage.find(CONTROL)}


def test_place_that_a_step_without_news_left_behind_goes_on_a_day_later() -> None:
    replay = begun()
    told(replay, 10, concept=0.5, seed=1)
    replay.watch()
    place = states.load(replay.storage, replay.model).place
    replay.clock.advance(hours=1)
    assert replay.watch().text == "Nothing is new."
    assert states.load(replay.storage, replay.model).place == place
    replay.clock.advance(days=1)
    assert replay.watch().text == "Nothing is new."
    after = states.load(replay.storage, replay.model)
    assert (after.offsets, after.since_hour > place["since_hour"]) == ({}, True)


def dying_at_save(replay: Replay) -> Callable[[str, str, str], None]:
    """A fault when the state is saved."""

    def before(operation: str, _: str, name: str) -> None:
        if (operation, name) == ("put", f"{replay.model}/monitor.json"):
            raise Unavailable("storage is gone")

    return before


def test_state_whose_blobs_are_gone_is_made_anew() -> None:
    replay = fallen()
    replay.watch()
    before, rows = seen(replay), entries(replay.storage, replay.model)
    for info in list(replay.storage.find(CONTROL, f"{replay.model}/monitor/labelled/")):
        replay.storage.delete(CONTROL, info.name)
    told(replay, 10, concept=0.9, seed=7)
    assert replay.watch().labelled == before.labelled + 10
    assert sum(map(len, entries(replay.storage, replay.model).values())) == sum(map(len, rows.values())) + 30
    assert kinds(replay) == ["registered", "alarm", "retraining"]


def test_of_two_passes_at_once_one_stops_and_nothing_is_done_twice() -> None:
    replay = fallen()
    other: list[str] = []

    def interfere(operation: str, container: str, name: str) -> None:
        if operation == "put" and name.endswith("monitor.json") and not other:
            other.append("running")
            inner = Replay(replay.spec, storage=replay.storage, clock=replay.clock)
            other[0] = inner.watch().text

    replay.storage.before = interfere
    report = replay.watch()
    replay.storage.before = lambda *_: None
    assert "Another monitor pass" in report.text
    assert report.decisions == ()
    assert kinds(replay) == ["registered", "alarm", "retraining"]
    assert len(replay.storage.queues["train"]) == 1


def test_many_monitors_in_threads_ask_for_one_run() -> None:
    replay = fallen()
    at_once(*[replay.watch] * 6)
    replay.watch()
    assert kinds(replay) == ["registered", "alarm", "retraining"]
    assert len(replay.runs.find(replay.model)) == 1
    assert len(replay.storage.queues["train"]) == 1


def test_one_models_failure_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    replay = begun()
    told(replay, 100, concept=0.5, seed=1)
    replay.storage.put(CONTROL, "broken/champion.json", b"{")
    reports = monitor_all(replay.storage, replay.registry, replay.runs, replay.clock)
    assert [report.model for report in reports] == ["broken", SPEC["name"]]
    assert reports[0].failure is not None
    assert reports[1].labelled == 100
    assert "monitor pass of model broken failed" in caplog.text


def test_a_model_without_a_champion_is_passed_over_but_its_lost_run_is_asked_for_again() -> None:
    replay = Replay(begun().spec)
    cause = Cause(kind="request", key="1", text="Asked for.", at=replay.clock())
    replay.runs.request(replay.model, cause, {"blob": "steps/table", "etag": "1", "format": "csv"})
    replay.storage.queues.clear()
    replay.clock.advance(seconds=61)
    report = monitor_pass(replay.storage, replay.registry, replay.runs, replay.clock, replay.model)
    assert "no champion yet" in report.text
    assert len(report.resent) == 1
    assert len(replay.storage.queues["train"]) == 1
