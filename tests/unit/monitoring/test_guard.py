"""Poisoned truth is held back before anything learns from it; true change, seasons and slow drift are not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
import pytest

from automl import events, quarantine
from automl.errors import Conflict, NotFound, Unavailable
from automl.lake.labelled import labelled_rows
from automl.monitoring import state as states
from automl.monitoring.arrivals import Tally
from automl.monitoring.state import State
from automl.monitoring.truths import Truths
from automl.quarantine import Entry
from automl.spec import Spec
from automl.storage import CONTROL
from tests.support.replay import Replay, append, prediction_line
from tests.support.thresholds import begun, copied, fit, publish, stream

HOURS = 30
"""Hours of calm before what a test is about."""


def seen(replay: Replay) -> State:
    return states.load(replay.storage, replay.model)


def told(replay: Replay) -> list[str]:
    return [event.kind for event in events.history(replay.storage, replay.model)]


def entries(replay: Replay) -> list[Entry]:
    return list(quarantine.load(replay.storage, replay.model).entries)


def hour(replay: Replay, rows: int, *, seed: int, label: Callable[[int, int], int] | None = None) -> None:
    """An hour of predictions whose truth is as the model has it but for some noise, or as `label` makes of it."""
    truths = stream(replay, rows, concept=0.5, seed=seed)
    made = [(one, label(place, truth) if label else truth) for place, (one, truth) in enumerate(truths)]
    replay.tell(made)
    replay.watch()
    replay.clock.advance(hours=1)


def calm(hours: int = HOURS, **spec: Any) -> Replay:
    """A model with some hours of quiet truth behind it, 100 an hour."""
    replay = begun(**spec)
    for number in range(hours):
        hour(replay, 100, seed=number)
    return replay


def wrong(_: int, truth: int) -> int:
    return 1 - truth


def share(part: float) -> Callable[[int, int], int]:
    """Labels of which that part is 1, whatever the rows are."""
    return lambda place, _: int(place % 100 < 100 * part)


def test_flood_is_held_back_and_reaches_nothing_that_learns() -> None:
    replay = calm()
    hour(replay, 1500, seed=900, label=wrong)
    for _ in range(3):
        replay.watch()
    [entry] = entries(replay)
    assert (entry.reasons, entry.status) == (("flood",), "held")
    assert "1,500 truths came in an hour, where none of the 30 before had more than 100" in entry.text
    assert told(replay) == ["registered", "quarantine"]
    state = seen(replay)
    assert (state.labelled, state.counts["held"], state.alarm) == (HOURS * 100, 1500, None)
    assert len(labelled_rows(replay.storage, replay.model)) == HOURS * 100
    assert replay.runs.find(replay.model) == []


def test_flood_that_comes_in_small_parts_is_taken_back_out_of_what_was_counted() -> None:
    replay = calm()
    for part in range(15):
        replay.tell([(one, 1 - truth) for one, truth in stream(replay, 100, concept=0.5, seed=500 + part)])
        replay.watch()
    assert [entry.reasons for entry in entries(replay)] == [("flood",)]
    replay.watch()
    state = seen(replay)
    assert (state.labelled, state.alarm) == (HOURS * 100, None)
    assert state.counts["held"] == 1500
    assert len(labelled_rows(replay.storage, replay.model)) == HOURS * 100


def test_flood_that_goes_on_is_one_entry_and_one_event() -> None:
    replay = calm()
    for number in range(3):
        hour(replay, 1500, seed=900 + number)
    [entry] = entries(replay)
    assert entry.until_ms - entry.since_ms == 3 * quarantine.HOUR_MS
    assert told(replay).count("quarantine") == 1
    hour(replay, 100, seed=1000)
    assert seen(replay).labelled == HOURS * 100 + 100


@pytest.mark.parametrize("part", [0.0, 1.0, 0.97])
def test_labels_far_from_all_that_came_before_are_held_back(part: float) -> None:
    replay = calm()
    hour(replay, 300, seed=900, label=share(part))
    assert [entry.reasons for entry in entries(replay)] == [("shift",)]
    assert "points of the labels are others than in the 3,000 truths before" in entries(replay)[0].text
    assert seen(replay).labelled == HOURS * 100


@pytest.mark.parametrize("part", [0.45, 0.55, 0.7, 0.85])
def test_drift_of_labels_by_points_and_even_tens_of_points_passes(part: float) -> None:
    replay = calm()
    hour(replay, 300, seed=900, label=share(part))
    assert entries(replay) == []
    assert seen(replay).labelled == HOURS * 100 + 300


def test_concept_that_changes_still_raises_the_alarm_and_asks_for_a_run() -> None:
    replay = calm()
    for number in range(8):
        replay.tell(stream(replay, 200, concept=0.9, seed=700 + number))
        replay.watch()
        replay.clock.advance(hours=1)
    assert entries(replay) == []
    assert told(replay)[:3] == ["registered", "alarm", "retraining"]


def test_night_is_not_held_against_day_nor_the_weekend_against_the_week() -> None:
    replay = begun()
    for number in range(24 * 8):
        day, clock = divmod(number, 24)
        usual = 0.9 if clock < 12 else 0.1
        hour(replay, 200, seed=number, label=share(usual if day < 7 else usual * 0.7))
    assert entries(replay) == []


def test_busy_hours_that_come_again_are_no_flood() -> None:
    replay = begun()
    for number in range(60):
        hour(replay, 1200 if number % 24 == 9 else 100, seed=number)
    assert entries(replay) == []


def test_slow_change_of_labels_passes_however_far_it_goes() -> None:
    replay = begun()
    for number in range(48):
        hour(replay, 200, seed=number, label=share(0.05 + number * 0.018))
    assert entries(replay) == []


def test_nothing_is_held_while_there_is_no_history_to_speak_of() -> None:
    replay = calm(hours=10)
    hour(replay, 2500, seed=900, label=share(1.0))
    assert entries(replay) == []


def test_guard_that_is_off_holds_nothing() -> None:
    replay = calm(guard={"on": False})
    hour(replay, 1500, seed=900, label=share(1.0))
    assert (entries(replay), seen(replay).arrivals) == ([], {})


def released(replay: Replay, name: str, status: Any = "released") -> None:
    quarantine.settle(replay.storage, replay.clock, replay.model, name, status=status, reason="I have looked.")


def test_released_truth_counts_and_the_same_is_not_asked_about_again() -> None:
    replay = calm()
    hour(replay, 300, seed=900, label=share(1.0))
    [entry] = entries(replay)
    released(replay, entry.id)
    replay.watch()
    assert seen(replay).labelled == HOURS * 100 + 300
    assert len(labelled_rows(replay.storage, replay.model)) == HOURS * 100 + 300
    for number in range(5):
        hour(replay, 300, seed=950 + number, label=share(1.0))
    assert len(entries(replay)) == 1
    assert seen(replay).labelled == HOURS * 100 + 1800
    assert told(replay).count("quarantine-released") == 1


def test_released_flood_may_come_again() -> None:
    replay = calm()
    hour(replay, 1500, seed=900)
    released(replay, entries(replay)[0].id)
    hour(replay, 1500, seed=901)
    assert len(entries(replay)) == 1
    assert seen(replay).labelled == HOURS * 100 + 3000


def test_dropped_truth_never_counts_and_is_asked_about_when_it_comes_again() -> None:
    replay = calm()
    hour(replay, 300, seed=900, label=share(1.0))
    released(replay, entries(replay)[0].id, "dropped")
    hour(replay, 300, seed=901, label=share(1.0))
    assert [entry.status for entry in entries(replay)] == ["dropped", "held"]
    assert seen(replay).labelled == HOURS * 100


def test_entry_is_settled_once() -> None:
    replay = calm()
    hour(replay, 300, seed=900, label=share(1.0))
    name = entries(replay)[0].id
    released(replay, name)
    released(replay, name)  # its answer may have been lost
    assert told(replay).count("quarantine-released") == 1
    with pytest.raises(Conflict, match="was released already"):
        released(replay, name, "dropped")
    with pytest.raises(NotFound, match="has no quarantine 'x'"):
        released(replay, "x")


def test_state_that_is_lost_comes_back_the_same_with_what_is_held() -> None:
    replay = calm()
    hour(replay, 1500, seed=900, label=wrong)
    before = seen(replay)
    replay.storage.delete("control", f"{replay.model}/monitor.json")
    replay.watch()
    after = seen(replay)
    for name in ("labelled", "counts", "watch", "arrivals", "quarantine", "sums"):
        assert getattr(after, name) == getattr(before, name), name
    assert len(entries(replay)) == 1


@pytest.mark.parametrize("in_parts", [False, True])
def test_pass_that_dies_at_any_operation_while_it_holds_truth_back_is_finished_by_the_next(in_parts: bool) -> None:
    start = calm()
    if in_parts:
        start.tell(stream(start, 900, concept=0.5, seed=800))
        start.watch()
    start.tell([(one, 1 - truth) for one, truth in stream(start, 1500, concept=0.5, seed=900)])
    for step in itertools.count(1):
        replay = Replay(start.spec, storage=copied(start.storage), trainer=fit)
        replay.clock.now = start.clock.now
        operations = itertools.count(1)

        def before(*_: str, step: int = step, operations: Iterator[int] = operations) -> None:
            if next(operations) == step:
                raise Unavailable("storage is gone")

        replay.storage.before = before
        try:
            replay.watch()
        except Unavailable:
            died = True
        else:
            died = False
        replay.storage.before = lambda *_: None
        for _ in range(3):
            replay.watch()
        state = seen(replay)
        assert (state.labelled, state.alarm) == (HOURS * 100, None), f"dying at operation {step}"
        assert told(replay) == ["registered", "quarantine"]
        assert len(entries(replay)) == 1
        if not died:
            break
    assert step > 10


def test_pass_that_counted_the_truth_while_another_held_it_does_not_have_the_last_word() -> None:
    replay = calm()
    replay.tell([(one, 1 - truth) for one, truth in stream(replay, 1500, concept=0.5, seed=900)])
    other = Replay(replay.spec, storage=replay.storage)
    other.clock.now = replay.clock() + timedelta(seconds=1)
    done: list[str] = []

    def interfere(operation: str, _: str, name: str) -> None:
        if operation == "put" and name.endswith("quarantine.json") and not done:
            done.append("running")
            done[0] = other.watch().text

    replay.storage.before = interfere
    assert "This pass stopped" in replay.watch().text
    replay.storage.before = lambda *_: None
    replay.watch()
    assert seen(replay).labelled == HOURS * 100
    assert len(entries(replay)) == 1


def numbers(values: Sequence[float], replay: Replay) -> None:
    """Truth of a regression for rows that the log has."""
    now_ms = round(replay.clock().timestamp() * 1000)
    ids = replay.ids.mint(replay.model, len(values), now_ms)
    lines = [
        prediction_line(id=one, model=replay.model, version="v1", at=now_ms, features={"x": 0.5}, prediction=10.0)
        for one in ids
    ]
    append(replay.storage, replay.model, "predictions", replay.clock(), lines)
    truths = [
        orjson.dumps({"id": one, "truth": float(value), "at": now_ms, "received": now_ms})
        for one, value in zip(ids, values, strict=True)
    ]
    append(replay.storage, replay.model, "truth", replay.clock(), truths)
    replay.watch()
    replay.clock.advance(hours=1)


def regression() -> Replay:
    """A regression whose answers were 0 to 20 on its holdout, with thirty hours of truth about 10."""
    replay = Replay(Spec.from_json({"name": "steps", "target": "high", "task": "regression"}))
    loss = {"kind": "clipped_abs", "mean": 0.3, "upper": 0.32, "clip": 5.0, "n": 2000}
    baseline = {"task": "regression", "n": 2000, "loss": loss, "prediction": {"edges": [2.0, 10.0, 18.0]}}
    publish(replay, "v0", 0.5)
    files = {name: replay.registry.file(replay.model, "v0", name) for name in ("signature.json", "model.onnx")}
    manifest: dict[str, Any] = {
        "run_id": "none",
        "data": {},
        "trained_until": events.iso(replay.clock()),
        "labelled": None,
    }
    files["baseline.json"] = orjson.dumps(baseline)
    replay.registry.publish(replay.model, "v1", files, manifest)
    replay.registry.register(replay.model, "v1")
    for _ in range(HOURS):
        numbers([8.0, 12.0] * 50, replay)
    return replay


def test_number_that_cannot_be_is_held_back_alone() -> None:
    replay = regression()
    numbers([9.0] * 50 + [1e9] + [11.0] * 49, replay)
    [entry] = entries(replay)
    assert (entry.reasons, len(entry.names)) == (("values",), 1)
    assert "values from -1598 to 1618 were to be expected, and 1e+09 came" in entry.text
    assert seen(replay).labelled == HOURS * 100 + 99
    told_of = [event.to_json() for event in events.history(replay.storage, replay.model)]
    assert entry.names[0] not in orjson.dumps(told_of).decode()  # events leave the house


def test_numbers_whose_mean_is_far_off_are_held_back_and_those_a_little_off_are_not() -> None:
    replay = regression()
    numbers([12.0, 16.0] * 150, replay)
    assert entries(replay) == []
    numbers([30.0, 34.0] * 150, replay)
    assert [entry.reasons for entry in entries(replay)] == [("shift",)]
    assert "standard deviations" in entries(replay)[0].text


def sent(
    replay: Replay, rows: int, source: str | None, *, seed: int, label: Callable[[int, int], int] | None = None
) -> None:
    """Truths of this hour from one source."""
    truths = stream(replay, rows, concept=0.5, seed=seed)
    now_ms = round(replay.clock().timestamp() * 1000)
    named = {} if source is None else {"source": source}
    lines = [
        orjson.dumps(
            {"id": one, "truth": label(place, truth) if label else truth, "at": now_ms, "received": now_ms} | named
        )
        for place, (one, truth) in enumerate(truths)
    ]
    append(replay.storage, replay.model, "truth", replay.clock(), lines)


@cache
def _shared(*sources: str) -> Replay:
    replay = begun()
    for number in range(HOURS):
        for place, source in enumerate(sources):
            sent(replay, 50, source, seed=2 * number + place)
        replay.watch()
        replay.clock.advance(hours=1)
    return replay


def shared(*sources: str) -> Replay:
    """A model that some sources (else two) have told the truth for some hours, 50 each an hour; made once."""
    lived = _shared(*(sources or ("crm", "erp")))
    replay = Replay(lived.spec, storage=copied(lived.storage))
    replay.clock.now = lived.clock.now
    return replay


def test_only_what_one_new_source_sends_most_of_is_held_back() -> None:
    replay = shared()
    sent(replay, 50, "crm", seed=900)
    sent(replay, 400, "unheard-of", seed=901, label=wrong)
    replay.watch()
    [entry] = entries(replay)
    assert (entry.reasons, entry.sources, entry.names) == (("source",), ("unheard-of",), ())
    assert "source 'unheard-of' sent 400 of the 450 truths of an hour, and none of them before" in entry.text
    state = seen(replay)
    assert (state.labelled, state.counts["held"], state.alarm) == (HOURS * 100 + 50, 400, None)
    assert len(labelled_rows(replay.storage, replay.model)) == HOURS * 100 + 50


def test_a_known_source_that_suddenly_sends_most_of_it_is_held_back() -> None:
    replay = shared()
    sent(replay, 900, "erp", seed=900)
    replay.watch()
    [entry] = entries(replay)
    assert entry.sources == ("erp",)
    assert "never more than 50% of them before" in entry.text


def test_truth_that_names_no_source_is_a_source_of_its_own() -> None:
    replay = shared()
    sent(replay, 400, None, seed=900)
    sent(replay, 50, "crm", seed=901)
    replay.watch()
    [entry] = entries(replay)
    assert entry.sources == ("",)
    assert "who names no source sent 400 of the 450 truths" in entry.text
    assert seen(replay).labelled == HOURS * 100 + 50


def test_all_truths_of_one_label_from_one_source_are_held_back() -> None:
    replay = shared()
    for place, source in enumerate(("crm", "erp")):
        sent(replay, 200, source, seed=900 + place, label=lambda *_: 0)
    sent(replay, 250, "unheard-of", seed=902, label=lambda *_: 1)
    replay.watch()
    assert [entry.sources for entry in entries(replay) if entry.sources] == [("unheard-of",)]
    assert any("sent 250 of the 250 truths of 1 of an hour" in entry.text for entry in entries(replay))


def test_a_source_that_goes_on_while_others_fall_silent_is_not_held_back() -> None:
    replay = shared("crm", "erp", "erp", "erp", "erp")
    sent(replay, 50, "crm", seed=900)
    sent(replay, 350, "erp", seed=901)
    replay.watch()
    replay.clock.advance(hours=1)
    sent(replay, 300, "erp", seed=902)
    replay.watch()
    assert entries(replay) == []


def test_where_only_one_source_ever_sends_nothing_is_held_back() -> None:
    replay = shared("crm")
    sent(replay, 900, "crm", seed=900)
    replay.watch()
    assert entries(replay) == []


def test_sources_that_begin_to_name_themselves_are_not_held_back() -> None:
    replay = calm()
    sent(replay, 900, "crm", seed=900)
    replay.watch()
    assert entries(replay) == []


def test_a_source_that_was_released_may_come_again() -> None:
    replay = shared()
    sent(replay, 400, "new", seed=900)
    replay.watch()
    [entry] = entries(replay)
    quarantine.settle(replay.storage, replay.clock, replay.model, entry.id, status="released", reason="It is real.")
    replay.clock.advance(hours=1)
    sent(replay, 400, "new", seed=901)
    replay.watch()
    assert [entry.status for entry in entries(replay)] == ["released"]
    assert seen(replay).labelled == HOURS * 100 + 800


def test_a_source_that_is_held_hour_after_hour_is_one_entry() -> None:
    replay = shared()
    for number in range(3):
        sent(replay, 400, "unheard-of", seed=900 + number)
        replay.watch()
        replay.clock.advance(hours=1)
    [entry] = entries(replay)
    assert entry.until_ms - entry.since_ms == 3 * quarantine.HOUR_MS


def test_what_a_source_sent_in_small_parts_is_taken_back_out_of_what_was_counted() -> None:
    replay = shared()
    for part in range(5):
        sent(replay, 90, "unheard-of", seed=900 + part, label=wrong)
        replay.watch()
    replay.watch()
    assert [entry.sources for entry in entries(replay)] == [("unheard-of",)]
    assert seen(replay).labelled == HOURS * 100


def test_a_lost_state_comes_to_the_same_sources() -> None:
    replay = shared()
    sent(replay, 400, "unheard-of", seed=900)
    replay.watch()
    before = seen(replay).arrivals
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    replay.watch()
    assert seen(replay).arrivals == before
    assert len(entries(replay)) == 1


def test_sources_that_are_too_many_are_not_told_apart() -> None:
    records = [{"key": "k", "truth": 1, "at": 0, "received": 0, "source": f"s{number}"} for number in range(60)]
    whole = Tally.of(Truths.joined([], records), numeric=False)
    parts = Tally.sum([Tally.of(Truths.joined([], own), numeric=False) for own in (records[:30], records[30:])])
    assert whole.to_json() == parts.to_json()
    assert (whole.n, whole.names) == (60, [])
