"""Accuracy is estimated before truth comes, compared with the truth that comes, and not told where it misleads."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from automl.monitoring import state as states
from automl.storage import CONTROL
from tests.unit.monitoring.telling import Told, begun


def estimate(told: Told) -> dict[str, Any]:
    told.replay.watch()
    found: dict[str, Any] = told.report()["estimate"]
    return found


def test_accuracy_is_estimated_without_any_truth() -> None:
    told = begun(calibrated=0.8)
    told.predict(1_200, seed=1)
    found = estimate(told)
    assert found["state"] == "ok"
    assert found["n"] == 1_200
    assert found["accuracy"] == pytest.approx(0.8, abs=0.02)
    assert 0 < found["f1"] < 1
    assert found["error"] is None
    assert "are estimated to be" in found["text"]
    assert "No truth has come" in found["text"]


def test_the_estimates_own_error_is_shown_on_the_rows_whose_truth_came() -> None:
    told = begun(calibrated=0.8)
    told.predict(1_200, seed=1)
    told.tell(1_000, seed=1)
    error = estimate(told)["error"]
    assert error["n"] == 1_000
    assert error["realised"] == told.metrics()["accuracy"]["value"]
    assert error["difference"] == pytest.approx(error["estimated"] - error["realised"])
    assert error["low"] < 0 < error["high"]


def test_an_estimate_that_the_truth_contradicts_shows_by_how_much() -> None:
    told = begun(calibrated=0.8)
    told.predict(1_000, seed=1)
    told.tell(1_000, seed=1, right=0.5)
    found = estimate(told)
    assert found["accuracy"] == pytest.approx(0.8, abs=0.02)  # it cannot know that the concept has moved
    assert found["error"]["low"] > 0.2
    assert "points off" in found["text"]


def test_a_corrected_truth_corrects_the_error() -> None:
    told = begun(calibrated=0.8)
    told.predict(500, seed=1)
    told.tell(500, seed=1, right=0.0)
    assert estimate(told)["error"]["realised"] == 0
    told.replay.clock.advance(hours=1)
    told.replay.tell([(one, row["prediction"]) for one, row in zip(told.ids, told.rows, strict=True)])
    assert estimate(told)["error"]["realised"] == 1


def test_while_drift_is_on_the_estimate_is_hidden_with_the_reason() -> None:
    told = begun(calibrated=0.8)
    told.predict(1_200, seed=1, age=60)
    found = estimate(told)
    assert found["state"] == "hidden"
    assert "while drift is on" in found["text"]
    assert "accuracy" not in found


def test_a_version_without_calibration_and_few_rows_have_no_estimate() -> None:
    bare, few = begun(), begun(calibrated=0.8)
    bare.predict(1_000, seed=1)
    few.predict(40, seed=1)
    assert estimate(bare)["state"] == estimate(few)["state"] == "none"
    assert "no calibrated probabilities" in estimate(bare)["text"]
    assert "there are 40" in estimate(few)["text"]


def test_a_lost_state_comes_to_the_same_estimate() -> None:
    told = begun(calibrated=0.8)
    for turn in range(3):
        told.predict(300, seed=turn)
        told.tell(200, seed=turn)
        told.replay.watch()
        told.replay.clock.advance(hours=30)
    before = told.report()["estimate"]
    told.replay.storage.delete(CONTROL, "adult/monitor.json")
    after = estimate(told)
    assert after["n"] == before["n"] == 900
    assert after["accuracy"] == pytest.approx(before["accuracy"])
    assert after["error"] == {name: pytest.approx(value) for name, value in before["error"].items()}
    packed = orjson.dumps(states.load(told.replay.storage, "adult").histograms)
    assert len(packed) < 10_000
