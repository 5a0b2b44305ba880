"""A pass that was asked for ends after it was asked for, or says that it did not."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from automl import asked_passes, deletion
from automl.asked_passes import AskedPass
from automl.errors import NotFound
from automl.monitoring import asked, passes, state
from automl.monitoring.passes import Report
from tests.support.replay import Replay
from tests.support.thresholds import begun, told


def ask(replay: Replay) -> AskedPass:
    return asked_passes.ask(replay.storage, replay.clock, replay.model, queue="train")


def carry_out(replay: Replay, identity: str | None) -> Report:
    return asked.carry_out(replay.storage, replay.registry, replay.runs, replay.clock, replay.model, asked=identity)


def found(replay: Replay, identity: str) -> AskedPass:
    return asked_passes.find(replay.storage, replay.model, identity)


def overtaken(replay: Replay, times: int) -> None:
    """Some times over, have another pass read more and save first, and then something new come."""
    left = list(range(times))

    def interfere(operation: str, container: str, name: str) -> None:
        if operation == "put" and name.endswith("monitor.json") and left:
            left.pop()
            replay.storage.before = lambda *_: None
            told(replay, 10, concept=0.5, seed=5000 + 100 * len(left))
            Replay(replay.spec, storage=replay.storage, clock=replay.clock).watch()
            told(replay, 10, concept=0.5, seed=5050 + 100 * len(left))
            replay.storage.before = interfere

    replay.storage.before = interfere


def test_pass_of_the_timer_that_ends_meanwhile_is_not_taken_for_the_one_that_was_asked_for() -> None:
    replay = begun()
    told(replay, 100, concept=0.5, seed=1)
    waits = ask(replay)
    replay.watch()
    assert found(replay, waits.id).status == "asked"
    carry_out(replay, waits.id)
    assert found(replay, waits.id).status == "done"


def test_pass_with_nothing_new_is_an_end_like_any_other() -> None:
    replay = begun()
    for expected in ("0 new truths", "Nothing is new."):
        waits = ask(replay)
        report = carry_out(replay, waits.id)
        ended = found(replay, waits.id)
        assert (ended.status, ended.text, ended.ended is not None) == ("done", report.text, True)
        assert ended.text.startswith(expected)


def test_overtaken_pass_is_begun_anew_until_one_has_read_all_that_had_come() -> None:
    replay = begun()
    told(replay, 100, concept=0.5, seed=1)
    waits = ask(replay)
    overtaken(replay, 2)
    report = carry_out(replay, waits.id)
    assert not report.stopped
    assert found(replay, waits.id).status == "done"
    assert state.load(replay.storage, replay.model).labelled == 140


def test_pass_that_is_overtaken_for_ever_says_that_it_did_not_come_to_its_end() -> None:
    replay = begun()
    told(replay, 100, concept=0.5, seed=1)
    waits = ask(replay)
    overtaken(replay, 100)
    carry_out(replay, waits.id)
    replay.storage.before = lambda *_: None
    ended = found(replay, waits.id)
    assert ended.status == "stopped"
    assert "Another monitor pass" in ended.text


def test_pass_that_breaks_says_so_until_a_later_try_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = begun()
    waits = ask(replay)

    def broken(*_: object) -> Report:
        raise ValueError("a part of the state is gone")

    with monkeypatch.context() as patch:
        patch.setattr(passes, "monitor_pass", broken)
        with pytest.raises(ValueError, match="is gone"):
            carry_out(replay, waits.id)
    ended = found(replay, waits.id)
    assert (ended.status, ended.text) == ("failed", "The pass failed: ValueError: a part of the state is gone")
    carry_out(replay, waits.id)
    assert found(replay, waits.id).status == "done"


def test_pass_that_nobody_waits_for_records_nothing() -> None:
    replay = begun()
    told(replay, 100, concept=0.5, seed=1)
    assert carry_out(replay, None).labelled == 100
    assert list(replay.storage.find("control", f"{replay.model}/passes/")) == []


def test_what_came_of_a_pass_is_forgotten_after_a_day() -> None:
    replay = begun()
    old = ask(replay)
    carry_out(replay, old.id)
    replay.clock.now += timedelta(days=1, minutes=1)
    new = ask(replay)
    carry_out(replay, new.id)
    assert found(replay, new.id).status == "done"
    with pytest.raises(NotFound, match=old.id):
        found(replay, old.id)


def test_pass_over_a_model_that_was_removed_leaves_nothing_behind() -> None:
    replay = begun()
    waits = ask(replay)
    deletion.ask(replay.storage, replay.runs, replay.model, queue="train")
    deletion.sweep(replay.storage, replay.model, settle=lambda: None)
    carry_out(replay, waits.id)
    assert list(replay.storage.find("control", f"{replay.model}/")) == []


def test_message_names_the_pass() -> None:
    replay = begun()
    waits = ask(replay)
    (message,) = replay.storage.queues["train"]
    assert orjson.loads(message) == {"kind": "monitor", "model": replay.model, "asked": waits.id}
