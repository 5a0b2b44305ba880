"""Versions, the champion pointer and the history behind it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from automl import events
from automl.errors import Conflict, NotFound, Unavailable
from automl.registry import Registry
from automl.storage import CONTROL, MODELS, Precondition
from automl.versions import Corrupt
from tests.support.at_once import at_once
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

MODEL = "adult"


def version(number: int) -> str:
    return f"20261120T16000{number}Z-{number:08x}"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def registry(storage: MemoryStorage, clock: FixedClock) -> Registry:
    made = Registry(storage, clock)
    for number in range(4):
        made.publish(MODEL, version(number), {"model.onnx": b"onnx%d" % number}, {"run_id": f"run-{number}"})
    return made


def test_a_version_without_a_manifest_does_not_exist(registry: Registry, storage: MemoryStorage) -> None:
    storage.put(MODELS, f"{MODEL}/{version(9)}/model.onnx", b"half")
    assert registry.versions(MODEL) == [version(3), version(2), version(1), version(0)]
    with pytest.raises(NotFound, match="no version"):
        registry.manifest(MODEL, version(9))


@pytest.mark.parametrize("name", ["../other/v", "a/b", "", ".", "x" * 65])
def test_what_is_no_version_name_is_not_looked_up(registry: Registry, storage: MemoryStorage, name: str) -> None:
    read: list[str] = []
    storage.before = lambda *call: read.append(call[2])
    with pytest.raises(NotFound, match="no version"):
        registry.manifest(MODEL, name)
    assert read == []


def test_publishing_the_same_twice_is_no_error_and_anything_else_is_refused(registry: Registry) -> None:
    registry.publish(MODEL, version(0), {"model.onnx": b"onnx0"}, {"run_id": "run-0"})
    with pytest.raises(Conflict, match=r"exists with another 'model.onnx'"):
        registry.publish(MODEL, version(0), {"model.onnx": b"other"}, {"run_id": "run-0"})
    assert registry.file(MODEL, version(0), "model.onnx") == b"onnx0"


def test_changed_and_lost_bytes_are_noticed(registry: Registry, storage: MemoryStorage) -> None:
    storage.put(MODELS, f"{MODEL}/{version(0)}/model.onnx", b"bit flip")
    with pytest.raises(Corrupt, match="is not the one that was published"):
        registry.file(MODEL, version(0), "model.onnx")
    storage.delete(MODELS, f"{MODEL}/{version(0)}/model.onnx")
    with pytest.raises(Corrupt, match="has lost its file"):
        registry.file(MODEL, version(0), "model.onnx")


def test_the_version_of_a_run_is_found_by_its_cause(storage: MemoryStorage, clock: FixedClock) -> None:
    made = Registry(storage, clock)
    made.publish(MODEL, version(1), {}, {"run_id": "20261120T160001Z-aaaaaaaa"})
    assert made.version_of_run(MODEL, "20261120T160001Z-aaaaaaaa") == version(1)
    assert made.version_of_run(MODEL, "20261120T160001Z-bbbbbbbb") is None


def test_the_first_version_becomes_champion_and_the_next_its_challenger(registry: Registry) -> None:
    with pytest.raises(NotFound, match="has no champion yet"):
        registry.pointer(MODEL)
    registry.register(MODEL, version(0))
    registry.register(MODEL, version(1))
    pointer = registry.pointer(MODEL)
    assert (pointer.champion, pointer.challenger, pointer.previous) == (version(0), version(1), None)


def test_registering_twice_moves_nothing(registry: Registry) -> None:
    registry.register(MODEL, version(0))
    registry.register(MODEL, version(1))
    registry.end_comparison(MODEL, version(1), "kept", "It was worse.")
    before = registry.pointer(MODEL)
    assert registry.register(MODEL, version(0)) is None
    assert registry.register(MODEL, version(1)) is None
    assert registry.pointer(MODEL) == before


def test_a_promotion_remembers_the_previous_champion_and_rolls_back_to_it(
    registry: Registry, clock: FixedClock
) -> None:
    registry.register(MODEL, version(0))
    registry.register(MODEL, version(1))
    clock.advance(seconds=60)
    registry.promote(MODEL, None, "It is better.", {"z": 4.2})
    after = registry.pointer(MODEL)
    assert (after.champion, after.challenger, after.previous) == (version(1), None, version(0))
    assert after.since == "2026-11-20T16:01:00.000Z"
    registry.rollback(MODEL, "It is not.")
    assert registry.pointer(MODEL).champion == version(0)


def test_what_cannot_be_done_is_refused_with_the_reason(registry: Registry) -> None:
    registry.register(MODEL, version(0))
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: registry.promote(MODEL, None, "x"), "no challenger to promote"),
        (lambda: registry.promote(MODEL, version(0), "x"), "is the champion of model 'adult' already"),
        (lambda: registry.rollback(MODEL, "x"), "only one champion"),
        (lambda: registry.end_comparison(MODEL, version(1), "kept", "x"), "is not the challenger"),
    ]
    for act, reason in refusals:
        with pytest.raises(Conflict, match=reason):
            act()
    with pytest.raises(NotFound, match="no version"):
        registry.promote(MODEL, version(9), "x")


def test_which_version_was_champion_at_a_time_has_one_answer(registry: Registry, clock: FixedClock) -> None:
    start = clock()
    registry.register(MODEL, version(0))
    registry.register(MODEL, version(1))
    clock.advance(seconds=60)
    registry.promote(MODEL, None, "better")
    clock.advance(seconds=60)
    registry.rollback(MODEL, "worse")
    answers = [registry.champion_at(MODEL, start + timedelta(seconds=at)) for at in (0, 59, 60, 119, 120, 999)]
    assert answers == [version(number) for number in (0, 0, 1, 1, 0, 0)]
    with pytest.raises(NotFound, match="had no champion at"):
        registry.champion_at(MODEL, start - timedelta(seconds=1))


def test_of_two_writers_at_once_one_wins_and_the_other_is_told(registry: Registry, storage: MemoryStorage) -> None:
    registry.register(MODEL, version(0))
    registry.register(MODEL, version(1))

    def interfere(operation: str, container: str, name: str) -> None:
        if (operation, name) == ("put", f"{MODEL}/champion.json"):
            storage.before = lambda *_: None
            Registry(storage, FixedClock()).promote(MODEL, version(2), "first")

    storage.before = interfere
    with pytest.raises(Conflict, match="Somebody else moved the champion"):
        registry.promote(MODEL, version(3), "second")
    assert registry.pointer(MODEL).champion == version(2)


def test_an_intent_that_no_pointer_names_is_void(
    registry: Registry, storage: MemoryStorage, clock: FixedClock
) -> None:
    registry.register(MODEL, version(0))

    def fail(operation: str, container: str, name: str) -> None:
        if (operation, name) == ("put", f"{MODEL}/champion.json"):
            raise Unavailable("Storage is down.")

    storage.before = fail
    with pytest.raises(Unavailable):
        registry.promote(MODEL, version(1), "lost")
    storage.before = lambda *_: None
    assert [event.kind for event in events.history(storage, MODEL)] == ["registered", "promoted"]
    assert registry.champion_at(MODEL, clock()) == version(0)
    registry.promote(MODEL, version(2), "again")
    assert registry.champion_at(MODEL, clock()) == version(2)


class LostAnswers(MemoryStorage):
    """Applies every conditional write and then answers as the SDK's retry of it would: refused."""

    def put(self, container: str, name: str, data: bytes, **condition: Any) -> str:
        super().put(container, name, data, **condition)
        raise Precondition("the retry of a write that was applied")


def test_a_write_whose_answer_was_lost_counts_as_done(clock: FixedClock) -> None:
    storage = LostAnswers()
    registry = Registry(storage, clock)
    registry.publish(MODEL, version(0), {"a": b"a"}, {"run_id": "r"})
    registry.publish(MODEL, version(1), {"a": b"a"}, {"run_id": "r"})
    registry.register(MODEL, version(0))
    registry.promote(MODEL, version(1), "better")
    assert registry.pointer(MODEL).champion == version(1)
    assert [event.seq for event in events.history(storage, MODEL)] == [1, 2]


def test_events_keep_their_number_order_among_many_writers(storage: MemoryStorage, clock: FixedClock) -> None:
    write = partial(events.write, storage, clock, MODEL, kind="note")
    at_once(*(partial(write, text=str(n)) for n in range(16)))
    written = events.history(storage, MODEL)
    assert [event.seq for event in written] == list(range(1, 17))
    assert {event.text for event in written} == {str(n) for n in range(16)}


@pytest.mark.parametrize("_", range(20))
def test_an_event_of_one_key_is_written_once_by_many_writers(
    storage: MemoryStorage, clock: FixedClock, _: int
) -> None:
    found: list[events.Event] = []

    def write() -> None:
        note = events.write_once(storage, clock, MODEL, kind="alarm", text="It fell.", evidence={"key": "k"})
        found.append(note)
        events.write(storage, clock, MODEL, kind="note", text="Something else.")

    at_once(*[write] * 6)
    written = events.history(storage, MODEL)
    assert [event.kind for event in written].count("alarm") == 1
    assert {event.id for event in found} == {event.id for event in written if event.kind == "alarm"}
    assert [event.seq for event in written] == list(range(1, 8))


@pytest.mark.parametrize("seed", range(20))
def test_many_promoters_leave_one_consistent_history(
    registry: Registry, storage: MemoryStorage, clock: FixedClock, seed: int
) -> None:
    """Whatever fails and whoever races, a move that was told it succeeded is in the chain behind the pointer."""
    registry.register(MODEL, version(0))
    rng = random.Random(seed)
    lock = threading.Lock()
    won: list[int] = []

    def fault(*_: str) -> None:
        with lock:
            if rng.random() < 0.05:
                raise Unavailable("injected")

    def promoter(act: Callable[[Registry], events.Event]) -> None:
        for _ in range(10):
            try:
                event = act(Registry(storage, clock))
            except (Conflict, Unavailable):
                continue
            with lock:
                won.append(event.seq)

    storage.before = fault
    acts: list[Callable[[Registry], events.Event]] = [
        lambda each: each.promote(MODEL, version(1), "to 1"),
        lambda each: each.promote(MODEL, version(2), "to 2"),
        lambda each: each.rollback(MODEL, "back"),
    ]
    at_once(*(partial(promoter, act) for act in acts))
    storage.before = lambda *_: None

    pointer = registry.pointer(MODEL)
    chain: list[int] = []
    seq: int | None = pointer.event
    while seq is not None:
        chain.append(seq)
        seq = events.read(storage, MODEL, seq).prior
    assert chain == sorted(chain, reverse=True)
    assert set(won) <= set(chain)
    last = events.read(storage, MODEL, pointer.event).pointer
    assert last is not None
    assert last["champion"] == pointer.champion
    assert storage.get(CONTROL, f"{MODEL}/champion.json") is not None
