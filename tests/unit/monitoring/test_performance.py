"""The metrics that the monitor tells are scikit-learn's on the rows of the log, per version, slice and window."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from automl.monitoring import performance
from automl.monitoring import state as states
from automl.monitoring.coverage import AGES_S
from automl.monitoring.labels import Labels, Taken
from automl.monitoring.performance import BEFORE, DAYS_KEPT
from automl.monitoring.slices import ABSENT, Slices
from automl.spec import Spec
from automl.storage import CONTROL
from tests.support import models
from tests.support.replay import Replay
from tests.unit.monitoring.drifting import reference as reference_of
from tests.unit.monitoring.telling import begun


def expected(rows: list[dict[str, Any]], truths: list[str]) -> dict[str, Any]:
    """By scikit-learn."""
    answers = [row["prediction"] for row in rows]
    scores = np.array([row["probabilities"][1] for row in rows])
    positive = [truth == ">50K" for truth in truths]
    return {
        "accuracy": reference.accuracy_score(truths, answers),
        "balanced_accuracy": reference.balanced_accuracy_score(truths, answers),
        "f1": reference.f1_score(truths, answers, pos_label=">50K"),
        "log_loss": reference.log_loss(positive, scores),
        "brier_score": reference.brier_score_loss(positive, scores),
        "roc_auc": reference.roc_auc_score(positive, np.floor(scores * 100)),
    }


def agree(found: dict[str, dict[str, Any]], wanted: dict[str, Any]) -> None:
    assert {name: found[name]["value"] for name in wanted} == {
        name: pytest.approx(value) for name, value in wanted.items()
    }
    for row in found.values():
        assert row["low"] is None or row["low"] <= row["value"] <= row["high"]


def test_metrics_are_scikit_learns_whatever_passes_the_truths_came_in() -> None:
    told = begun()
    told.predict(400, seed=1)
    for turn in range(4):
        told.replay.clock.advance(minutes=5)
        told.tell(70, seed=turn)
        told.replay.watch()
        found = told.metrics()
        agree(found, expected(told.rows[: len(told.truths)], told.truths))
        assert {row["n"] for row in found.values()} == {len(told.truths)}
        assert {row["predicted"] for row in found.values()} == {400}


def test_a_corrected_truth_takes_the_place_of_the_old_one() -> None:
    told = begun()
    told.predict(100, seed=1)
    told.tell(100, seed=1)
    told.replay.watch()
    told.replay.clock.advance(hours=1)
    corrected = [">50K" if truth == "<=50K" else "<=50K" for truth in told.truths[:30]]
    told.replay.tell(list(zip(told.ids, corrected, strict=False)))
    told.replay.watch()
    told.truths[:30] = corrected
    agree(told.metrics(), expected(told.rows, told.truths))


def test_windows_hold_the_newest_days() -> None:
    told = begun()
    for day in range(10):
        told.predict(60, seed=day)
        told.tell(60, seed=day)
        told.replay.watch()
        told.replay.clock.advance(days=1)
    assert told.metrics(window="7 days")["accuracy"]["n"] == 7 * 60
    assert told.metrics(window="7 days")["accuracy"]["predicted"] == 7 * 60
    agree(told.metrics(window="7 days"), expected(told.rows[180:], told.truths[180:]))
    agree(told.metrics(window="30 days"), expected(told.rows, told.truths))


def test_slices_are_told_apart() -> None:
    told = begun(slices=["job", "age", "nowhere"])
    told.predict(500, seed=1)
    told.tell(500, seed=1)
    told.replay.watch()
    bakers = [place for place, row in enumerate(told.rows) if row["features"]["job"] == "baker"]
    found = told.metrics(slice_="job=baker")
    agree(found, expected([told.rows[place] for place in bakers], [told.truths[place] for place in bakers]))
    assert found["accuracy"]["predicted"] is None
    names = {row["slice"] for row in states.load(told.replay.storage, "adult").report["metrics"]}
    assert {name for name in names if name.startswith("job")} == {"job=baker", "job=clerk"}
    assert len([name for name in names if name.startswith("age")]) == 5
    total = sum(told.metrics(slice_=name)["accuracy"]["n"] for name in names if name.startswith("age"))
    assert total == 500


def test_few_labels_are_too_little_to_judge_and_none_is_a_state() -> None:
    told = begun()
    told.predict(50, seed=1)
    told.replay.watch()
    report = states.load(told.replay.storage, "adult").report
    assert report["metrics"] == []
    assert report["coverage"] == {"predictions": 50, "labelled": 0, "share": 0.0, "state": "never labelled"}
    told.tell(10, seed=1)
    told.replay.watch()
    assert told.metrics()["accuracy"]["state"] == "too little to judge"
    told.tell(25, seed=1)
    told.replay.watch()
    assert told.metrics()["accuracy"]["state"] == "ok"


def test_coverage_tells_how_long_truth_takes() -> None:
    told = begun()
    told.predict(100, seed=1)
    told.replay.clock.advance(minutes=5)
    told.tell(60, seed=1)
    told.replay.clock.advance(days=2)
    told.tell(40, seed=1)
    told.replay.watch()
    coverage = states.load(told.replay.storage, "adult").report["coverage"]
    assert (coverage["half_within_s"], coverage["most_within_s"]) == (600, 3 * 86_400)
    assert [round(age["share"], 6) for age in coverage["ages"]] == [0, 0.6, 0.6, 0.6, 0.6, 1, 1, 1, 1]
    assert len(coverage["ages"]) == len(AGES_S)


def test_a_lost_state_comes_to_the_same_metrics() -> None:
    told = begun(slices=["job"])
    for day in range(3):
        told.predict(100, seed=day)
        told.tell(80, seed=day)
        told.replay.watch()
        told.replay.clock.advance(days=1)
    before = states.load(told.replay.storage, "adult").report
    told.replay.storage.delete(CONTROL, "adult/monitor.json")
    told.replay.watch()
    after = states.load(told.replay.storage, "adult").report
    assert after["coverage"] == before["coverage"]
    for one, other in zip(after["metrics"], before["metrics"], strict=True):
        assert one == {name: pytest.approx(value) for name, value in other.items()}


def test_the_reliability_table_counts_every_labelled_row_once() -> None:
    told = begun()
    told.predict(300, seed=1)
    told.tell(300, seed=1)
    told.replay.watch()
    table = states.load(told.replay.storage, "adult").report["reliability"]
    assert sum(row["n"] for row in table) == 300
    assert all(row["from"] <= row["score"] <= row["to"] for row in table)


def taken(number: int, day: str, truth: float) -> Taken:
    made = np.array([round(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp() * 1000)])
    own, nothing = np.array([truth]), np.zeros(1)
    label = Labels(
        version="v1",
        ids=np.array([number], dtype=np.uint64),
        made=made,
        at=made,
        received=made,
        predicted_at=made,
        error=nothing,
        truth=own,
        predicted=nothing,
    )
    return Taken(fresh=label, stands=label, replaced=np.array([np.nan]))


def test_old_days_become_one_sum_and_truths_that_are_no_class_are_left_out() -> None:
    told, memory = begun(), states.State()
    references = _references(told.replay)
    for number in range(DAYS_KEPT + 30):
        day = performance._shifted("2026-01-01", number)
        performance.take(memory, references, taken(number, day, float("nan") if number % 2 else 0.0), day)
    days = memory.measured["v1"]["all"]
    assert len(days) == DAYS_KEPT + 2
    assert BEFORE in days
    found = {
        row["window"]: row["n"] for row in performance.rows(memory, references, ["v1"]) if row["metric"] == "accuracy"
    }
    assert found["all"] == (DAYS_KEPT + 30) / 2


def test_a_regression_is_told_by_its_errors() -> None:
    replay = Replay(Spec.from_json({"name": "adult", "target": "pay", "task": "regression"}))
    models.publish(replay.registry, "v1", signature=models.REGRESSOR, files={"baseline.json": b"{}"})
    memory, references = states.State(), _references(replay)
    rng = np.random.default_rng(0)
    truth = rng.normal(50, 10, 200)
    predicted = truth + rng.normal(0, 3, 200)
    for number, (one, other) in enumerate(zip(truth.tolist(), predicted.tolist(), strict=True)):
        label = taken(number, "2026-01-01", one)
        stands = replace(label.stands, predicted=np.array([other]))
        performance.take(memory, references, replace(label, stands=stands), "2026-01-01")
    found = {row["metric"]: row["value"] for row in performance.rows(memory, references, ["v1"])}
    assert found == {
        "mae": pytest.approx(reference.mean_absolute_error(truth, predicted)),
        "rmse": pytest.approx(reference.root_mean_squared_error(truth, predicted)),
        "r2": pytest.approx(reference.r2_score(truth, predicted)),
    }
    assert performance.reliability(memory, references, "v1") == []


def _references(replay: Replay) -> Any:
    from automl.monitoring.drift_reference import References

    return References(replay.registry, replay.model)


def test_a_value_that_is_missing_or_unknown_has_a_slice_of_its_own() -> None:
    slices = Slices(("job", "age", "member", "pay"), reference_of())
    found = slices.of({"job": [None, "miller", ABSENT], "age": [None, -1e9, -1e9], "member": [True, True, False]})
    names = [[names[code] if code >= 0 else None for code in codes] for names, codes in found]
    assert names[0] == ["job=missing", "job=other", None]
    assert names[1][0] == "age=missing"
    assert [str(name).startswith("age=below ") for name in names[1][1:]] == [True, True]
    assert names[2] == ["member=true", "member=true", "member=false"]
    assert Slices(("job",), None).of({"job": ["baker"]}) == ()
