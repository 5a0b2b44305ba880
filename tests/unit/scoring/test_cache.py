from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from automl.errors import NotFound, Unavailable
from automl.scoring.cache import RETRY, Sessions
from automl.scoring.guard import Unfit
from automl.scoring.session import ModelSession
from tests.support.at_once import at_once
from tests.support.clock import FixedClock
from tests.support.models import session

SIZE = session().memory_bytes


class Shelf:
    """A cache for three tiny models, and what it has loaded."""

    def __init__(self, limit: float = 3) -> None:
        self.loaded: list[str] = []
        self.clock = FixedClock()
        self.before: Callable[[str], None] = lambda version: None
        self.sessions = Sessions(self.load, int(limit * SIZE), self.clock)

    def load(self, model: str, version: str) -> ModelSession:
        self.loaded.append(version)
        self.before(version)
        return session()

    def kept(self) -> str:
        return "".join(version for version in "abcdef" if ("adult", version) in self.sessions)

    def get(self, *versions: str) -> None:
        for version in versions:
            self.sessions.get("adult", version)


def test_version_in_memory_is_not_loaded_again() -> None:
    shelf = Shelf()
    first = shelf.sessions.get("adult", "a")
    assert shelf.sessions.get("adult", "a") is first is shelf.sessions.cached("adult", "a")
    assert shelf.sessions.cached("adult", "b") is None
    assert shelf.sessions.cached("bike", "a") is None
    assert shelf.loaded == ["a"]


def test_version_not_used_for_longest_makes_room() -> None:
    shelf = Shelf()
    shelf.get("a", "b", "c")
    assert shelf.kept() == "abc"
    shelf.sessions.cached("adult", "a")
    shelf.get("d")
    assert shelf.kept() == "acd"
    shelf.get("e")
    assert shelf.kept() == "ade"


def test_version_larger_than_the_bound_is_kept_alone() -> None:
    shelf = Shelf(limit=0.5)
    shelf.get("a", "b")
    assert shelf.kept() == "b"


def test_version_put_out_while_it_answers_goes_on() -> None:
    shelf = Shelf(limit=1)
    held = shelf.sessions.get("adult", "a")
    shelf.get("b")
    assert shelf.kept() == "b"
    assert held.version == "v0"


def test_version_that_must_not_answer_is_remembered_for_a_while_and_then_tried_again() -> None:
    shelf = Shelf()

    def refuse(version: str) -> None:
        raise Unfit("it answers otherwise")

    shelf.before = refuse
    for _ in range(3):
        with pytest.raises(Unfit, match="it answers otherwise"):
            shelf.get("a")
    assert shelf.loaded == ["a"]
    shelf.clock.advance(seconds=RETRY.total_seconds())
    shelf.before = lambda version: None
    shelf.get("a")
    assert shelf.loaded == ["a", "a"]


@pytest.mark.parametrize("error", [NotFound("no such version"), Unavailable("storage is down")])
def test_version_that_may_come_is_not_remembered_as_refused(error: Exception) -> None:
    shelf = Shelf()

    def fail(version: str) -> None:
        raise error

    shelf.before = fail
    for _ in range(2):
        with pytest.raises(type(error)):
            shelf.get("a")
    assert shelf.loaded == ["a", "a"]


def test_refusals_are_remembered_of_the_latest_versions_only() -> None:
    shelf = Shelf()

    def refuse(version: str) -> None:
        raise Unfit("it answers otherwise")

    shelf.before = refuse
    for number in range(300):
        with pytest.raises(Unfit):
            shelf.get(str(number))
    assert len(shelf.sessions._refused) == 256
    with pytest.raises(Unfit):
        shelf.get("299")
    assert len(shelf.loaded) == 300


def test_versions_are_loaded_beside_each_other_and_one_version_once() -> None:
    shelf = Shelf()
    together = threading.Barrier(3)
    shelf.before = lambda version: (together.wait(10), None)[
        1
    ]  # passes only when three different loads are under way
    at_once(*(partial(shelf.get, version) for version in "aabbcc"))
    assert sorted(shelf.loaded) == ["a", "b", "c"]


def test_everybody_who_waits_for_a_load_learns_why_it_failed() -> None:
    shelf = Shelf()
    begun, go_on = threading.Event(), threading.Event()
    reasons: list[str] = []

    def fail(version: str) -> None:
        begun.set()
        go_on.wait(10)
        raise Unavailable("storage is down")

    def ask() -> None:
        with pytest.raises(Unavailable) as caught:
            shelf.get("a")
        reasons.append(caught.value.message)

    shelf.before = fail
    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert reasons == ["storage is down"] * 2
