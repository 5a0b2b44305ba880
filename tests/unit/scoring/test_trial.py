"""Which requests a challenger takes, and which challengers are in memory for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from automl import spec
from automl.errors import Unavailable
from automl.registry import Registry
from automl.scoring.champions import Champions
from automl.scoring.session import ModelSession
from automl.scoring.trial import Trial
from automl.settings import Settings
from automl.spec_sections import Promotion
from automl.storage import MODELS
from automl.telemetry.metrics import LOAD_FAILURES
from tests.support import models
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

NAMES = [f"customer {number}" for number in range(4_000)]


def trial(share: float, version: str = "v2", *, session: ModelSession | None = None) -> Trial:
    return Trial(model="adult", version=version, share=share, cached=lambda: session)


def taken(one: Trial) -> set[str]:
    return {name for name in NAMES if one.takes(name)}


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.5])
def test_the_share_of_the_names_is_that_of_the_spec(share: float) -> None:
    assert len(taken(trial(share))) / len(NAMES) == pytest.approx(share, abs=0.02)


def test_a_name_goes_the_same_way_in_every_process() -> None:
    code = (
        "from automl.scoring.trial import Trial\n"
        "trial = Trial(model='adult', version='v2', share=0.2, cached=lambda: None)\n"
        "print(*(number for number in range(50) if trial.takes(f'customer {number}')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {f"customer {number}" for number in found.stdout.split()} == {
        name for name in NAMES[:50] if trial(0.2).takes(name)
    }


def test_a_name_that_is_no_text_is_one_all_the_same() -> None:
    assert isinstance(trial(0.5).takes("\udcff"), bool)


def test_a_share_that_grows_takes_nobody_back() -> None:
    assert taken(trial(0.1)) < taken(trial(0.3))


def test_the_next_challenger_meets_other_names() -> None:
    one, other = taken(trial(0.2)), taken(trial(0.2, "v3"))
    assert len(one & other) / len(NAMES) == pytest.approx(0.04, abs=0.015)


def choose(
    keys: list[str | None] | None,
    *,
    share: float,
    named: str | None = None,
    chance: Callable[[], float] = lambda: 0.9,
) -> str:
    session = models.session()
    found = trial(share, session=session).chosen(keys, lambda: named, chance)
    return "champion" if found is None else "challenger"


def test_rows_of_one_key_go_by_it_and_not_by_the_name_of_the_request() -> None:
    one = trial(0.5)
    mine, theirs = next(name for name in NAMES if one.takes(name)), next(n for n in NAMES if not one.takes(n))
    assert choose([mine, mine], share=0.5, named=theirs) == "challenger"
    assert choose([theirs, theirs], share=0.5, named=mine) == "champion"


def test_rows_of_several_keys_are_the_champions() -> None:
    mine = [name for name in NAMES if trial(0.5).takes(name)][:2]
    assert choose(list(mine), share=0.5) == "champion"
    assert choose([mine[0], None], share=0.5) == "champion"


@pytest.mark.parametrize("keys", [None, [None, None]])
def test_rows_without_keys_go_by_the_name_of_the_request(keys: list[str | None] | None) -> None:
    mine = next(name for name in NAMES if trial(0.3).takes(name))
    assert choose(keys, share=0.3, named=mine, chance=lambda: 0.99) == "challenger"


def test_a_request_without_any_name_goes_by_chance() -> None:
    assert choose(None, share=0.3, chance=lambda: 0.29) == "challenger"
    assert choose(None, share=0.3, chance=lambda: 0.31) == "champion"


def test_a_challenger_that_is_out_of_memory_leaves_its_share_to_the_champion() -> None:
    assert trial(0.5).chosen(None, lambda: None, lambda: 0.0) is None


class Room:
    """A model with a champion and a challenger, and the champions of one process."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.registry = Registry(self.storage, FixedClock())
        models.publish(self.registry, "v1")
        models.publish(self.registry, "v2", bias=5.0)
        self.champions = Champions(self.registry, Settings(champion_refresh_s=3600), FixedClock())

    def share(self, share: float) -> None:
        wanted = spec.load(self.storage, "adult")
        spec.save(self.storage, replace(wanted, promotion=Promotion(share=share)))

    def trial(self) -> str | None:
        """The version that takes a share after the next look."""
        self.champions.get("adult")
        self.champions.look("adult")
        found = self.champions.get("adult").trial
        return None if found is None else found.version

    def failures(self) -> dict[tuple[str, ...], float]:
        """Loads that failed since this was asked last, by model and role."""
        points = self.registry.meter.take()
        return {point.dimensions: point.total for point in points if point.metric is LOAD_FAILURES}

    def read(self) -> list[str]:
        """What the next look reads of versions and specs."""
        seen: list[str] = []
        self.storage.before = lambda operation, container, name: seen.append(f"{container}/{name}")
        self.champions.look("adult")
        self.storage.before = lambda *_: None
        return seen


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.champions.close()


def test_without_a_share_the_challenger_is_not_loaded(room: Room) -> None:
    assert room.trial() is None
    assert not any("v2" in name for name in room.read())
    assert room.champions.cached("adult", "v2") is None


def test_with_a_share_the_challenger_is_loaded_by_a_look_and_never_by_a_request(room: Room) -> None:
    room.share(0.2)
    assert room.champions.get("adult").trial is None
    assert room.champions.readiness("adult") == (True, None)
    assert room.champions.cached("adult", "v2") is None
    assert room.trial() == "v2"
    assert room.champions.cached("adult", "v2") is not None


def test_the_trial_follows_the_spec_and_the_pointer(room: Room) -> None:
    room.share(0.2)
    assert room.trial() == "v2"
    room.share(0.0)
    assert room.trial() is None
    assert room.champions.cached("adult", "v2") is None
    room.share(0.2)
    assert room.trial() == "v2"
    room.registry.end_comparison("adult", "v2", "kept", "It is no better.")
    assert room.trial() is None
    assert room.champions.cached("adult", "v2") is None


def test_another_challenger_takes_the_place_of_the_first(room: Room) -> None:
    room.share(0.2)
    assert room.trial() == "v2"
    models.publish(room.registry, "v3")
    assert room.trial() == "v3"
    assert room.champions.cached("adult", "v2") is None


def test_a_challenger_that_is_promoted_answers_everything_and_has_no_trial(room: Room) -> None:
    room.share(0.2)
    assert room.trial() == "v2"
    room.registry.promote("adult", None, "It is better.")
    assert room.trial() is None
    assert room.champions.get("adult").version == "v2"


def test_a_challenger_that_cannot_answer_is_logged_once_and_harms_nobody(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.share(0.2)
    room.storage.put(MODELS, "adult/v2/model.onnx", b"other bytes")
    assert room.trial() is None
    assert room.trial() is None
    assert [record.message for record in caplog.records if "cannot answer its share" in record.message] != []
    assert sum("cannot answer its share" in record.message for record in caplog.records) == 1
    assert room.champions.readiness("adult") == (True, None)
    assert room.champions.troubles() == []
    assert room.failures() == {("adult", "challenger"): 2}
    models.publish(room.registry, "v3")
    assert room.trial() == "v3"
    assert room.failures() == {}


def test_a_champion_that_cannot_be_loaded_is_counted_at_each_look(room: Room) -> None:
    assert room.trial() is None
    room.storage.put(MODELS, "adult/v2/model.onnx", b"other bytes")
    room.registry.promote("adult", None, "It is better.")
    for _ in range(2):
        room.champions.look("adult")
    assert room.failures() == {("adult", "champion"): 2}
    room.registry.rollback("adult", "It is broken.")
    room.champions.look("adult")
    assert room.failures() == {}


def test_while_storage_is_away_the_trial_goes_on(room: Room) -> None:
    room.share(0.2)
    assert room.trial() == "v2"

    def before(operation: str, container: str, name: str) -> None:
        raise Unavailable("storage is down")

    room.storage.before = before
    assert room.trial() == "v2"
