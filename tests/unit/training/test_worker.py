"""The run's record from claim to end, with a training that does as it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import orjson
import pytest

from automl import bootstrap, events
from automl.errors import InvalidInput, NotFound, Rejected, Unavailable
from automl.registry import Registry
from automl.run import Cause, Run
from automl.settings import Settings
from automl.storage import CONTROL
from automl.training.child import Failed
from automl.training.progress import Outcome, Progress
from automl.training.worker import handle
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

MODEL = "m"
Tell = Callable[[Progress], None]


class Room:
    """A process's parts over memory, with one run on the queue."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.clock = FixedClock()
        self.core = bootstrap.core(Settings(), self.storage, self.clock)
        self.run = self.request("k")

    def request(self, key: str) -> Run:
        cause = Cause(kind="request", key=key, text="Asked for.", at=self.clock())
        return self.core.runs.request(MODEL, cause, {"blob": "b", "etag": "e", "format": "csv"})

    def message(self) -> dict[str, Any]:
        sent: dict[str, Any] = orjson.loads(self.storage.queues["train"][-1])
        return sent

    def handle(self, work: Callable[[Run, Tell], Outcome]) -> Run | None:
        return handle(self.message(), self.core, train=lambda _, run, tell: work(run, tell))

    def record(self) -> Run:
        return self.core.runs.get(MODEL, self.run.id)

    def events(self) -> list[tuple[str, str]]:
        return [(event.kind, event.text) for event in events.history(self.storage, MODEL)]

    def publish(self, version: str, run: Run) -> Outcome:
        self.core.registry.publish(MODEL, version, {"model.onnx": b"x"}, {"run_id": run.id})
        return Outcome(version=version, message=f"Version {version}: found.")


@pytest.fixture
def room() -> Room:
    return Room()


def raising(error: Exception) -> Callable[[Run, Tell], Outcome]:
    def work(run: Run, tell: Tell) -> Outcome:
        tell(Progress(stage="searching", percent=33.33, message="Searching.", trials=4, best_loss=0.2))
        raise error

    return work


def test_a_run_is_recorded_from_stage_to_stage_and_its_version_registered(room: Room) -> None:
    seen: list[Run] = []

    def work(run: Run, tell: Tell) -> Outcome:
        tell(Progress(stage="searching", percent=33.333, message="Trial 2.", trials=2, best_loss=0.5))
        seen.append(room.record())
        return room.publish("20261120T160000Z-11111111", run)

    ended = room.handle(work)
    middle = (seen[0].status, seen[0].stage, seen[0].percent, seen[0].trials, seen[0].best_loss, seen[0].message)
    assert middle == ("running", "searching", 33.3, 2, 0.5, "Trial 2.")
    assert ended == room.record()
    assert (ended.status, ended.percent, ended.version) == ("registered", 100.0, "20261120T160000Z-11111111")
    assert ended.message.startswith("Version 20261120T160000Z-11111111: found. ")
    assert ended.message.endswith("became its champion.")
    assert ended.ended == "2026-11-20T16:00:00.000Z"
    assert room.core.registry.pointer(MODEL).champion == ended.version
    assert [kind for kind, _ in room.events()] == ["registered"]


def test_a_message_for_the_second_time_does_nothing(room: Room) -> None:
    room.handle(lambda run, _: room.publish("20261120T160000Z-11111111", run))
    before = (room.record(), room.events())
    assert room.handle(lambda run, _: pytest.fail("it trained again")) is None
    assert (room.record(), room.events()) == before


def test_a_message_for_a_run_that_is_alive_elsewhere_does_nothing(room: Room) -> None:
    assert room.core.runs.claim(MODEL, room.run.id, "another") is not None
    assert room.handle(lambda run, _: pytest.fail("it trained beside")) is None


def test_a_rejected_run_says_why_and_leaves_an_event(room: Room) -> None:
    ended = room.handle(raising(Rejected("LGBMClassifier: unequal in row 3.")))
    assert ended is not None
    assert (ended.status, ended.message) == ("rejected", "LGBMClassifier: unequal in row 3.")
    assert room.events() == [
        ("run-rejected", f"Run {room.run.id} of model m was rejected: LGBMClassifier: unequal in row 3.")
    ]


@pytest.mark.parametrize(
    "error", [InvalidInput("Expected two classes."), Failed("Killed (SIGKILL)."), NotFound("There is no model 'm'.")]
)
def test_a_failed_run_gives_the_reason_verbatim(room: Room, error: Exception) -> None:
    ended = room.handle(raising(error))
    assert ended is not None
    assert (ended.status, ended.message, ended.percent, ended.trials) == ("failed", str(error), 33.3, 4)
    assert room.events() == [("run-failed", f"Run {room.run.id} of model m failed: {error}")]


@pytest.mark.parametrize("status", ["reproduced", "differs"])
def test_a_reproduction_ends_with_its_answer_and_registers_nothing(
    room: Room, status: Literal["reproduced", "differs"]
) -> None:
    room.core.registry.publish(MODEL, "v1", {}, {"run_id": "r"})
    outcome = Outcome(version="v1", message="accuracy 0.9 instead of 0.8", status=status)
    ended = room.handle(lambda *_: outcome)
    assert ended is not None
    assert (ended.status, ended.version, ended.percent) == (status, "v1", 100.0)
    assert not ended.is_open
    assert room.events() == [(f"run-{status}", f"Run {room.run.id} of model m has ended: {outcome.message}")]
    with pytest.raises(NotFound):
        room.core.registry.pointer(MODEL)


def test_a_worker_that_was_taken_over_gives_up_and_changes_nothing(room: Room) -> None:
    taken: list[Run | None] = []

    def slow(run: Run, tell: Tell) -> Outcome:
        room.clock.advance(minutes=5)
        taken.append(room.core.runs.claim(MODEL, run.id, "another"))
        tell(Progress(stage="searching", percent=50, message="Too late."))
        pytest.fail("it went on")

    assert room.handle(slow) is None
    assert room.record() == taken[0]
    assert room.events() == []


def test_a_worker_that_was_taken_over_after_training_registers_nothing(room: Room) -> None:
    def slow(run: Run, tell: Tell) -> Outcome:
        outcome = room.publish("20261120T160000Z-11111111", run)
        room.clock.advance(minutes=5)
        assert room.core.runs.claim(MODEL, run.id, "another") is not None
        return outcome

    assert room.handle(slow) is None
    with pytest.raises(NotFound):
        room.core.registry.pointer(MODEL)


def test_the_worker_after_a_crash_finishes_what_was_published(room: Room) -> None:
    version = "20261120T160000Z-11111111"

    def die(run: Run, tell: Tell) -> Outcome:
        room.publish(version, run)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        room.handle(die)
    room.clock.advance(minutes=5)
    assert [run.id for run in room.core.runs.resend_lost(MODEL)] == [room.run.id]
    again = room.handle(lambda run, _: Outcome(version=version, message="Published by an earlier attempt."))
    assert again is not None
    assert (again.status, again.attempt) == ("registered", 2)
    assert len(room.core.registry.versions(MODEL)) == 1


def test_training_goes_on_while_storage_is_away(room: Room) -> None:
    def work(run: Run, tell: Tell) -> Outcome:
        room.storage.before = away
        tell(Progress(stage="searching", percent=50, message="Nobody hears this."))
        room.storage.before = lambda *_: None
        return room.publish("20261120T160000Z-11111111", run)

    ended = room.handle(work)
    assert ended is not None
    assert ended.status == "registered"


def away(operation: str, container: str, name: str) -> None:
    raise Unavailable("Storage cannot be reached.")


def test_storage_that_is_away_at_the_end_leaves_the_run_to_be_tried_again(room: Room) -> None:
    with pytest.raises(Unavailable):
        room.handle(raising(Unavailable("Storage cannot be reached.")))
    assert room.record().status == "running"
    room.clock.advance(minutes=5)
    ended = room.handle(lambda run, _: room.publish("20261120T160000Z-11111111", run))
    assert ended is not None
    assert ended.status == "registered"


def test_a_promotion_in_between_does_not_lose_the_version(room: Room) -> None:
    room.handle(lambda run, _: room.publish("20261120T160000Z-11111111", run))
    room.clock.advance(hours=1)
    other = room.request("later")
    for name in ("20261120T163000Z-22222222", "20261120T170000Z-33333333"):
        room.core.registry.publish(MODEL, name, {"model.onnx": b"y"}, {"run_id": f"{name[:16]}-other"})
    rival = Registry(room.storage, room.clock)

    def promote_meanwhile(operation: str, container: str, name: str) -> None:
        if operation == "put" and (container, name) == (CONTROL, f"{MODEL}/champion.json"):
            room.storage.before = lambda *_: None
            rival.promote(MODEL, "20261120T163000Z-22222222", "By hand.")

    def work(run: Run, tell: Tell) -> Outcome:
        room.storage.before = promote_meanwhile
        return Outcome(version="20261120T170000Z-33333333", message="Found.")

    ended = room.handle(work)
    assert ended is not None
    assert (ended.id, ended.status) == (other.id, "registered")
    pointer = room.core.registry.pointer(MODEL)
    assert (pointer.champion, pointer.challenger) == ("20261120T163000Z-22222222", "20261120T170000Z-33333333")


def test_an_attempt_that_begins_again_is_given_what_the_search_had_found(room: Room) -> None:
    best = {"lgbm": {"num_leaves": 7}}

    def dies(run: Run, tell: Tell) -> Outcome:
        tell(Progress(stage="searching", percent=40.0, message="Searching.", checkpoint=best))
        tell(Progress(stage="exporting", percent=82.0, message="Exporting."))
        raise Unavailable("The worker dies here.")

    with pytest.raises(Unavailable):
        room.handle(dies)
    room.clock.advance(minutes=5)
    given: list[Any] = []

    def again(run: Run, tell: Tell) -> Outcome:
        given.append(run.checkpoint)
        return room.publish("v1", run)

    room.handle(again)
    assert given == [best]
