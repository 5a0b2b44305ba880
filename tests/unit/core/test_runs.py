"""Records of training runs."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from automl.errors import Conflict, NotFound, Unavailable
from automl.run import Cause, Run
from automl.runs import Runs
from automl.settings import Settings
from automl.storage import Precondition
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

MODEL = "adult"
DATA = {"blob": "adult/upload", "etag": '"1"', "format": "csv"}
SETTINGS = Settings(run_stale_s=60, run_attempts=3)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def runs(storage: MemoryStorage, clock: FixedClock) -> Runs:
    return Runs(storage, clock, SETTINGS)


def cause(clock: FixedClock, key: str = "k") -> Cause:
    return Cause(kind="request", key=key, text="Somebody asked.", at=clock())


def messages(storage: MemoryStorage) -> list[dict[str, Any]]:
    return [orjson.loads(text) for text in storage.queues.get("train", [])]


def test_a_request_writes_a_record_and_sends_one_message(
    runs: Runs, storage: MemoryStorage, clock: FixedClock
) -> None:
    run = runs.request(MODEL, cause(clock), DATA, traceparent="00-1-2-01")
    assert runs.get(MODEL, run.id) == run
    assert run.id.startswith("20261120T160000Z-")
    assert messages(storage) == [
        {"kind": "train", "model": MODEL, "run_id": run.id, "traceparent": "00-1-2-01"},
    ]


def test_one_cause_gives_one_run(runs: Runs, storage: MemoryStorage, clock: FixedClock) -> None:
    first = runs.request(MODEL, cause(clock), DATA)
    assert runs.request(MODEL, cause(clock), DATA) == first
    assert runs.request(MODEL, cause(clock, "other"), DATA) != first
    assert len(messages(storage)) == 2


def test_a_record_comes_before_its_message(runs: Runs, storage: MemoryStorage, clock: FixedClock) -> None:
    """A crash between the two leaves a record that the next monitor pass finds, never a message without one."""

    def fail(operation: str, *_: str) -> None:
        if operation == "send":
            raise Unavailable("injected")

    storage.before = fail
    with pytest.raises(Unavailable):
        runs.request(MODEL, cause(clock), DATA)
    storage.before = lambda *_: None
    assert messages(storage) == []
    clock.advance(seconds=61)
    (lost,) = runs.resend_lost(MODEL)
    assert [message["run_id"] for message in messages(storage)] == [lost.id]


def test_a_run_is_claimed_once(runs: Runs, clock: FixedClock) -> None:
    run = runs.request(MODEL, cause(clock), DATA)
    mine = runs.claim(MODEL, run.id, "one")
    assert mine is not None
    assert (mine.status, mine.attempt, mine.owner) == ("running", 1, "one")
    assert runs.claim(MODEL, run.id, "two") is None


def test_a_run_that_has_ended_is_not_claimed_again(runs: Runs, clock: FixedClock) -> None:
    run = runs.request(MODEL, cause(clock), DATA)
    mine = runs.claim(MODEL, run.id, "one")
    assert mine is not None
    runs.move(mine, status="registered", version="v")
    clock.advance(seconds=3600)
    assert runs.claim(MODEL, run.id, "two") is None
    assert runs.resend_lost(MODEL) == []


def test_a_crashed_run_is_taken_over_and_its_old_worker_fenced(runs: Runs, clock: FixedClock) -> None:
    run = runs.request(MODEL, cause(clock), DATA)
    old = runs.claim(MODEL, run.id, "one")
    assert old is not None
    clock.advance(seconds=61)
    (queued,) = runs.resend_lost(MODEL)
    assert queued.status == "queued"
    assert runs.resend_lost(MODEL) == []  # asked for once, not at every pass
    new = runs.claim(MODEL, run.id, "two")
    assert new is not None
    assert (new.attempt, new.started) == (2, old.started)
    with pytest.raises(Conflict, match="moved by another worker"):
        runs.move(old, percent=50.0)


def test_a_run_that_kills_its_workers_ends_as_failed(runs: Runs, clock: FixedClock) -> None:
    run = runs.request(MODEL, cause(clock), DATA)
    for _ in range(3):
        assert runs.claim(MODEL, run.id, "w") is not None
        clock.advance(seconds=61)
    assert runs.claim(MODEL, run.id, "w") is None
    ended = runs.get(MODEL, run.id)
    assert (ended.status, ended.message.split(",")[0]) == ("failed", "Its worker died 3 times")


def test_a_slow_but_moving_run_is_left_alone(runs: Runs, clock: FixedClock) -> None:
    run = runs.request(MODEL, cause(clock), DATA)
    mine = runs.claim(MODEL, run.id, "one")
    assert mine is not None
    for percent in range(10):
        clock.advance(seconds=50)
        mine = runs.move(mine, percent=float(percent))
        assert runs.resend_lost(MODEL) == []


def test_a_move_whose_answer_was_lost_counts_as_done(clock: FixedClock) -> None:
    class LostAnswers(MemoryStorage):
        def put(self, container: str, name: str, data: bytes, **condition: Any) -> str:
            etag = super().put(container, name, data, **condition)
            if condition.get("if_match"):
                raise Precondition("the retry of a write that was applied")
            return etag

    runs = Runs(LostAnswers(), clock, SETTINGS)
    run = runs.request(MODEL, cause(clock), DATA)
    moved = runs.move(run, percent=10.0)
    assert runs.move(moved, percent=20.0).percent == 20.0


def test_runs_are_listed_newest_first_and_unchanged_ones_not_read_again(
    runs: Runs, storage: MemoryStorage, clock: FixedClock
) -> None:
    ids: list[str] = []
    for _ in range(3):
        ids.append(runs.request(MODEL, cause(clock), DATA).id)
        clock.advance(seconds=1)
    assert [run.id for run in runs.find(MODEL)] == ids[::-1]
    reads: list[str] = []
    storage.before = lambda operation, _, name: reads.append(name) if operation == "get" else None
    changed = runs.move(runs.get(MODEL, ids[1]), percent=5.0)
    reads.clear()
    found: list[Run] = runs.find(MODEL)
    assert [run.percent for run in found] == [0.0, changed.percent, 0.0]
    assert len(reads) == 1


def test_an_unknown_run_is_not_found(runs: Runs) -> None:
    with pytest.raises(NotFound, match="no run 'nope'"):
        runs.get(MODEL, "nope")
