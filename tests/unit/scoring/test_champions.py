from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from automl import spec
from automl.errors import NotFound, Unavailable
from automl.registry import Registry
from automl.scoring.champions import REST_ROUNDS, Champions
from automl.scoring.session import ModelSession
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import CONTROL, MODELS
from tests.support.at_once import at_once
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import publish


class Room:
    """Storage, a registry and the champions over both."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.registry = Registry(self.storage, FixedClock())
        self.champions = self.anew()

    def anew(self, refresh_s: float = 3600) -> Champions:
        return Champions(self.registry, Settings(champion_refresh_s=refresh_s), FixedClock())

    def spoil(self, version: str) -> None:
        self.storage.put(MODELS, f"adult/{version}/model.onnx", b"other bytes")

    def down(self, where: str = "") -> None:
        def before(operation: str, container: str, name: str) -> None:
            if where in f"{container}/{name}":
                raise Unavailable("storage is down")

        self.storage.before = before

    def up(self) -> None:
        self.storage.before = lambda *_: None

    def answers(self) -> str:
        self.champions.look("adult")
        return self.champions.get("adult").version


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    publish(made.registry, "v1")
    publish(made.registry, "v2")
    yield made
    made.champions.close()


def test_champion_in_memory_costs_no_io(room: Room) -> None:
    first = room.champions.get("adult")
    room.down()
    assert room.champions.get("adult") is first is room.champions.cached("adult")


def test_unchanged_pointer_is_not_read_again(room: Room) -> None:
    first = room.champions.get("adult")
    seen: list[str] = []
    room.storage.before = lambda operation, container, name: seen.append(f"{container}/{name}")
    room.champions.look("adult")
    assert room.champions.get("adult") is first
    pointer_and_redaction = ["control/adult/spec.json", "control/adult/champion.json"]
    assert seen == [*pointer_and_redaction, "control/adult/spec.json"]  # v2 is challenger: is it given a share?


def test_promoted_version_answers_after_the_next_look(room: Room) -> None:
    assert room.champions.get("adult").version == "v1"
    room.registry.promote("adult", "v2", "better")
    assert room.champions.get("adult").version == "v1"
    assert room.answers() == "v2"
    assert room.champions.troubles() == []


def test_new_champion_that_cannot_answer_leaves_the_old_one_answering_and_says_why(room: Room) -> None:
    room.champions.get("adult")
    room.spoil("v2")
    room.registry.promote("adult", "v2", "better")
    assert room.answers() == "v1"
    (trouble,) = room.champions.troubles()
    assert trouble.startswith("Model 'adult': Champion v2 cannot answer: File 'model.onnx'")
    assert trouble.endswith("Version v1 answers.")


def test_new_champion_that_cannot_answer_is_loaded_once_not_at_every_look(room: Room) -> None:
    room.champions.get("adult")
    room.spoil("v2")
    room.registry.promote("adult", "v2", "better")
    room.answers()
    seen: list[str] = []
    room.storage.before = lambda operation, container, name: seen.append(container)
    room.answers()
    assert set(seen) == {"control"}


def test_rollback_from_a_broken_champion_ends_the_trouble(room: Room) -> None:
    room.champions.get("adult")
    room.spoil("v2")
    room.registry.promote("adult", "v2", "better")
    room.answers()
    room.registry.rollback("adult", "broken")
    assert room.answers() == "v1"
    assert room.champions.troubles() == []


def test_storage_down_at_a_look_keeps_the_old_one_and_is_told_until_it_is_back(room: Room) -> None:
    room.champions.get("adult")
    room.registry.promote("adult", "v2", "better")
    room.down()
    assert room.answers() == "v1"
    assert room.champions.troubles() == ["Model 'adult': The champion pointer cannot be read: storage is down"]
    room.up()
    assert room.answers() == "v2"
    assert room.champions.troubles() == []


def test_version_that_cannot_be_read_yet_is_tried_again(room: Room) -> None:
    room.champions.get("adult")
    room.registry.promote("adult", "v2", "better")
    room.down("models/")
    assert room.answers() == "v1"
    assert room.champions.troubles() == ["Model 'adult': Champion v2 cannot be read yet: storage is down"]
    room.up()
    assert room.answers() == "v2"


def test_cold_start_with_a_broken_champion_answers_with_its_predecessor_and_says_so(room: Room) -> None:
    room.registry.promote("adult", "v2", "better")
    room.storage.delete(MODELS, "adult/v2/model.onnx")
    assert room.champions.get("adult").version == "v1"
    (trouble,) = room.champions.troubles()
    assert "Champion version v2 cannot answer" in trouble
    assert trouble.endswith("Its predecessor v1 answers.")


def test_cold_start_without_any_sound_version_is_unavailable(room: Room) -> None:
    room.spoil("v1")
    with pytest.raises(Unavailable, match="No version of model 'adult' can answer: version v1 cannot answer"):
        room.champions.get("adult")


def test_cold_start_with_storage_down_does_not_fall_back(room: Room) -> None:
    room.registry.promote("adult", "v2", "better")
    room.down("models/adult/v2")
    with pytest.raises(Unavailable, match="storage is down"):
        room.champions.get("adult")
    room.up()
    assert room.champions.get("adult").version == "v2"


def test_unknown_model_and_untrained_model_are_told_apart(room: Room) -> None:
    with pytest.raises(NotFound, match="There is no model 'bike'"):
        room.champions.get("bike")
    spec.save(room.storage, Spec.from_json({"name": "bike", "target": "x"}))
    with pytest.raises(NotFound, match="Model 'bike' has no champion yet"):
        room.champions.get("bike")


def test_many_first_requests_load_the_champion_once(room: Room) -> None:
    read: list[str] = []
    room.storage.before = lambda operation, container, name: read.append(name) if "onnx" in name else None
    at_once(*[partial(room.champions.get, "adult")] * 8)
    assert read == ["adult/v1/model.onnx"]


class Background:
    """Champions whose background thread looks all the time, with a gate before each of its reads."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.looks = 0
        self.fails = 0
        self.seen = threading.Semaphore(0)
        self.champions = room.anew(refresh_s=0.001)
        self.champions.get("adult")

    def begin(self, *, asked: bool = True, fails: int = 0) -> None:
        def before(operation: str, container: str, name: str) -> None:
            if threading.current_thread().name != "champions" or not name.endswith("champion.json"):
                return
            self.looks += 1
            if asked:
                self.champions.cached("adult")
            self.seen.release()
            if self.looks <= fails:
                raise RuntimeError("a mistake")

        self.room.storage.before = before

    def wait_for_look(self) -> None:
        assert self.seen.acquire(timeout=10)


def test_champion_is_followed_in_the_background(room: Room) -> None:
    background = Background(room)
    room.registry.promote("adult", "v2", "better")
    background.begin()
    for _ in range(3):  # the look after this one began, so the one that followed is over
        background.champions.cached("adult")
        background.wait_for_look()
    background.champions.close()
    assert background.champions.get("adult").version == "v2"


async def test_requests_that_keep_all_common_threads_busy_delay_neither_a_load_nor_a_swap(room: Room) -> None:
    busy, release = threading.Barrier(2), threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    large = loop.run_in_executor(None, lambda: (busy.wait(), release.wait()))
    busy.wait()
    champions = room.anew(refresh_s=0.001)
    try:
        assert (await champions.found("adult")).version == "v1"
        swapped = threading.Event()
        room.registry.promote("adult", "v2", "v2 is better")
        room.storage.before = lambda operation, *_: swapped.set() if champions.versions() == {"adult": "v2"} else None
        assert swapped.wait(30)
        assert not large.done()
    finally:
        release.set()
        champions.close()
    await large


def test_background_goes_on_after_a_mistake(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    background = Background(room)
    background.begin(fails=1)
    background.champions.cached("adult")
    background.wait_for_look()
    background.wait_for_look()
    background.champions.close()
    assert "The visit to adult failed." in caplog.text


def test_model_at_rest_is_looked_at_seldom_until_it_is_asked_for(room: Room) -> None:
    names = room.champions._asked
    room.champions.get("adult")
    assert [names(), names(), names()] == [["adult"], [], []]
    room.champions.cached("adult")
    rounds = [names() for _ in range(2 * REST_ROUNDS + 3)]
    assert [number for number, looked in enumerate(rounds) if looked] == [0, REST_ROUNDS + 1, 2 * REST_ROUNDS + 2]


def test_request_after_a_rest_is_answered_at_once_and_has_the_pointer_looked_at(room: Room) -> None:
    champions = room.anew()
    champions.get("adult")
    champions._asked()
    champions._asked()
    room.registry.promote("adult", "v2", "better")
    looked = threading.Event()
    room.storage.before = lambda operation, container, name: looked.set() if container == "control" else None
    held = champions.cached("adult")
    assert held is not None
    assert held.version == "v1"
    assert looked.wait(10)
    champions.close()


def test_model_that_was_put_out_of_memory_is_no_longer_looked_at(room: Room) -> None:
    room.champions.get("adult")
    room.champions._sessions.forget("adult", "v1")
    assert room.champions._asked() == []
    assert room.champions.versions() == {}
    assert room.champions.get("adult").version == "v1"


def test_replaced_champion_is_put_out_of_memory(room: Room) -> None:
    room.champions.get("adult")
    room.registry.promote("adult", "v2", "better")
    assert room.answers() == "v2"
    assert room.champions.cached("adult", "v1") is None


def test_deleted_model_is_forgotten_at_the_next_look(room: Room) -> None:
    room.champions.get("adult")
    room.storage.delete(CONTROL, "adult/spec.json")
    room.storage.delete(CONTROL, "adult/champion.json")
    room.champions.look("adult")
    assert room.champions.cached("adult") is None
    with pytest.raises(NotFound, match="There is no model 'adult'"):
        room.champions.get("adult")


def test_any_version_can_be_pinned(room: Room) -> None:
    pinned = room.champions.get("adult", "v2")
    assert (pinned.version, room.champions.get("adult").version) == ("v2", "v1")
    room.down()
    assert room.champions.cached("adult", "v2") is pinned is room.champions.get("adult", "v2")


def test_pinned_version_that_does_not_exist_is_not_found(room: Room) -> None:
    spec.save(room.storage, Spec.from_json({"name": "adult", "target": "income"}))
    for name in ("v9", "..", "a/b", ""):
        with pytest.raises(NotFound, match="Model 'adult' has no version '"):
            room.champions.get("adult", name)
    with pytest.raises(NotFound, match="There is no model 'bike'"):
        room.champions.get("bike", "v1")


def test_pinned_version_that_must_not_answer_is_refused_and_not_replaced(room: Room) -> None:
    room.spoil("v2")
    with pytest.raises(Unavailable, match=r"Version 'v2' of model 'adult' cannot answer: File 'model\.onnx'"):
        room.champions.get("adult", "v2")
    assert room.champions.get("adult").version == "v1"
    assert room.champions.troubles() == []


def test_readiness_loads_what_is_not_in_memory(room: Room) -> None:
    assert room.champions.readiness("adult") == (True, None)
    assert room.champions.readiness("adult", "v2") == (True, None)
    room.down()
    assert room.champions.cached("adult", "v2") is not None
    assert room.champions.readiness("adult") == (True, None)


def test_readiness_says_why_a_model_does_not_answer_or_not_as_it_should(room: Room) -> None:
    room.registry.promote("adult", "v2", "better")
    room.spoil("v2")
    is_ready, reason = room.champions.readiness("adult")
    assert is_ready
    assert reason is not None
    assert reason.endswith("Its predecessor v1 answers.")
    is_ready, reason = room.champions.readiness("adult", "v2")
    assert not is_ready
    assert reason is not None
    assert reason.startswith("Version 'v2' of model 'adult' cannot answer")
    with pytest.raises(NotFound):
        room.champions.readiness("bike")


def test_names_nobody_knows_cost_no_memory(room: Room) -> None:
    for index in range(1000):
        with pytest.raises(NotFound):
            room.champions.get(f"model-{index}", None if index % 2 else "v1")
    assert room.champions._held == {}
    assert room.champions._once._under_way == {}
    assert room.champions._sessions._refused == {}


def redact(room: Room, *columns: str) -> None:
    data = {"name": "adult", "target": "income", "monitor": {"redact": list(columns)}}
    spec.save(room.storage, Spec.from_json(data))


def hidden(session: ModelSession) -> bool:
    shown = session.recorder.lines(
        at_ms=1, ids=["x"], keys=None, features=[{"job": "clerk"}], labels=[1], probabilities=None, latency_us=1
    )
    return b"clerk" not in shown


def test_a_redaction_reaches_every_version_in_memory_at_the_next_look(room: Room) -> None:
    champion, pinned = room.champions.get("adult"), room.champions.get("adult", "v2")
    redact(room, "job")
    assert not hidden(champion)
    room.champions.look("adult")
    assert hidden(champion)
    assert hidden(pinned)


def test_a_redaction_reaches_a_model_of_which_only_a_version_is_pinned(room: Room) -> None:
    pinned = room.champions.get("adult", "v2")
    redact(room, "job")
    room.champions.look("adult")
    assert hidden(pinned)
    assert room.champions.versions() == {}


def test_a_spec_that_is_gone_is_told_with_what_is_not_logged(room: Room) -> None:
    room.champions.get("adult")
    room.storage.delete(CONTROL, "adult/spec.json")
    room.champions.look("adult")
    text = "The spec cannot be read: there is none. The columns that it kept out of the log stay out."
    assert room.champions.troubles() == [f"Model 'adult': {text}"]
    assert room.champions.readiness("adult") == (True, text)
    cold = room.anew()
    assert hidden(cold.get("adult"))
    cold.close()
