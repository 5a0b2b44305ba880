"""What a champion is watched by: constants that hold for its reign, and a warning that leads to nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl import events
from automl import spec as specs
from automl.monitoring import state as states
from automl.spec import Spec
from automl.spec_sections import Monitor
from tests.support.replay import Replay
from tests.support.thresholds import SPEC, begun, fit, publish, told


def watched(replay: Replay) -> dict[str, Any]:
    found = states.load(replay.storage, replay.model).watch
    assert found is not None
    return found


def ask_for(replay: Replay, **monitor: Any) -> None:
    """Another spec, as if it had just been put."""
    replay.spec = replace(replay.spec, monitor=Monitor(**monitor))
    specs.save(replay.storage, replay.spec)


def of_kind(replay: Replay, kind: str) -> list[events.Event]:
    return [event for event in events.history(replay.storage, replay.model) if event.kind == kind]


def test_constants_changed_in_mid_reign_hold_from_the_next_champion_on() -> None:
    replay = begun()
    told(replay, 130, concept=0.5, seed=1)
    replay.watch()
    before = watched(replay)
    ask_for(replay, look_every=20, horizon=200, min_holdout=5_000, early_delta=0.1)
    told(replay, 130, concept=0.5, seed=2)
    replay.watch()
    after = watched(replay)
    assert (after["detector"]["batch"], after["detector"]["horizon"], after["detector"]["looks"]) == (50, 1000, 5)
    assert (after["window"]["batch"], after["window"]["delta"], after["window"]["labels"]) == (50, 0.002, 260)
    assert (after["min_holdout"], after["power"]) == (before["min_holdout"], before["power"])
    publish(replay, "v2", 0.5)
    replay.registry.promote(replay.model, "v2", reason="A test asks for it.")
    told(replay, 70, concept=0.5, seed=3)
    replay.watch()
    later = watched(replay)
    assert (later["version"], later["detector"]["batch"], later["window"]["delta"]) == ("v2", 20, 0.1)
    assert "the alarm needs at least 5000" in later["power"]
    assert later["n"] == 0


def test_a_champion_of_too_few_holdout_rows_is_not_judged() -> None:
    replay = begun(monitor={"min_holdout": 1_000_000})
    told(replay, 800, concept=0.9, seed=1)
    replay.watch()
    state = states.load(replay.storage, replay.model)
    assert state.alarm is None
    assert of_kind(replay, "early-warning") == []
    assert "Too little to judge" in watched(replay)["power"]


def test_a_rise_is_an_event_that_leads_to_nothing() -> None:
    replay = Replay(Spec.from_json(SPEC), trainer=fit)
    replay.registry.register(replay.model, publish(replay, "v1", 0.5, error=0.4))  # better, so far, than its holdout
    told(replay, 1_000, concept=0.5, seed=1)
    replay.watch()
    told(replay, 200, concept=0.75, seed=2)
    replay.watch()
    (warning,) = of_kind(replay, "early-warning")
    assert "Look into champion v1" in warning.text
    assert "Nothing follows from this" in warning.text
    assert warning.evidence["loss"] > warning.evidence["before"]
    assert watched(replay)["early"]["text"] == warning.text
    assert states.load(replay.storage, replay.model).alarm is None
    assert of_kind(replay, "retraining") == []


@pytest.mark.parametrize("cut", [1, 7])
def test_an_alarm_silences_the_warnings_however_the_passes_cut_the_labels(cut: int) -> None:
    replay = begun()
    for part in range(cut):
        told(replay, 1400 // cut, concept=0.9, seed=part)
        replay.watch()
    assert len(of_kind(replay, "alarm")) == 1
    assert of_kind(replay, "early-warning") == []
