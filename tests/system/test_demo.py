"""The demonstration in short, against the running system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.api import Api
from cli.transport import Transport
from demo import show
from demo.replay import Replay
from demo.scene import Scene
from demo.story import Plan
from tests.support.system import System, system

SHORT = Plan(history=1500, month=2400, month_s=2.0, ticks=4, calm=2, after=2, quiet=3, search_s=3.0, tolerance=0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(tmp_path_factory.mktemp("demo")) as made:
        yield made


@pytest.fixture
def api(running: System) -> Iterator[Api]:
    with Api(Transport(running.url, None)) as made:
        yield made


def replay(api: Api, model: str, told: list[str]) -> Replay:
    return Replay(api, Scene(model=model), SHORT, seed=1, tell=told.append)


def test_times_that_change_are_noticed_and_the_model_replaces_itself(api: Api) -> None:
    told: list[str] = []
    play = replay(api, "changing", told)
    assert show.drifting(play) is None, "\n".join(told)
    assert [letter for _, letter in play.scene.marks][:2] == ["D", "A"]
    assert play.heard("promoted")
    assert play.scene.fallen.accuracy < play.scene.calm.accuracy - 0.1
    assert play.scene.told < play.scene.scored
    assert play.api.pointer("changing")["champion"] != play.first  # a busy machine may see it replaced twice


def test_times_that_stay_raise_no_alarm_and_every_truth_is_seen(api: Api) -> None:
    told: list[str] = []
    play = replay(api, "steady", told)
    assert show.quiet(play) is None, "\n".join(told)
    assert play.scene.marks == []
    assert play.scene.labelled == play.scene.told > 0


def test_promotion_that_does_not_come_in_time_is_a_failure(api: Api) -> None:
    told: list[str] = []
    late = Plan(history=600, month=400, month_s=0.1, ticks=2, calm=1, search_s=1.0, within_s=0.2)
    play = Replay(api, Scene(model="late"), late, seed=1, tell=told.append)
    assert "Time is up" in (show.drifting(play) or "")
