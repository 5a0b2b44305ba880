"""The gauges of a model say what its monitor knows."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from automl.monitoring import gauges
from automl.monitoring.passes import Report
from automl.storage import CONTROL
from automl.telemetry.meter import Meter
from automl.telemetry.tracing import Tracer
from tests.support.replay import Replay
from tests.support.thresholds import begun, fit, publish, stream, told


def measured(meter: Meter) -> dict[tuple[str, ...], float]:
    return {(point.metric.name, *point.dimensions): point.total for point in meter.take()}


def after_a_pass(replay: Replay, meter: Meter, report: Report | None = None) -> dict[tuple[str, ...], float]:
    gauges.tell(meter, replay.registry, report or replay.watch(), replay.clock())
    return measured(meter)


def test_gauges_are_the_champions_accuracy_the_coverage_and_the_age() -> None:
    replay = begun()
    trained = replay.clock()
    told(replay, 300, concept=0.5, seed=1)
    stream(replay, 100, concept=0.5, seed=9)
    report = replay.watch()
    performance = {item["window"]: item["accuracy"] for item in report.known["performance"]}
    assert after_a_pass(replay, Meter(), report) == {
        ("evergreen.accuracy", "steps", "accuracy", "all"): performance["all"],
        ("evergreen.accuracy", "steps", "accuracy", "recent"): performance["recent"],
        ("evergreen.labels.coverage", "steps"): 0.75,
        ("evergreen.model.age", "steps"): (replay.clock() - trained).total_seconds(),
    }


def test_gauges_stand_after_a_pass_with_nothing_new() -> None:
    replay, meter = begun(), Meter()
    told(replay, 100, concept=0.5, seed=1)
    before = after_a_pass(replay, meter)
    assert after_a_pass(replay, meter) == before


def test_gauges_of_a_former_champion_are_let_go() -> None:
    replay, meter = begun(), Meter()
    told(replay, 100, concept=0.5, seed=1)
    assert ("evergreen.accuracy", "steps", "accuracy", "all") in after_a_pass(replay, meter)
    replay.registry.promote(replay.model, publish(replay, "v2", 0.5), "By hand.")
    assert not any(name[0] == "evergreen.accuracy" for name in after_a_pass(replay, meter))


def test_psi_is_told_of_each_column_that_has_one() -> None:
    replay = begun()
    shifts = [{"column": "x", "psi": 0.3}, {"column": "y", "psi": None}]
    report = dataclasses.replace(replay.watch(), known={"drift": {"features": shifts}})
    found = after_a_pass(replay, Meter(), report)
    assert {name: value for name, value in found.items() if "psi" in name[0]} == {
        ("evergreen.drift.psi", "steps", "x"): 0.3
    }


@pytest.mark.parametrize("pointer", [None, b"{"])
def test_model_that_cannot_be_read_has_no_gauges_and_stops_nothing(pointer: bytes | None) -> None:
    replay, meter = begun(), Meter()
    report = replay.watch()
    gauges.tell(meter, replay.registry, report, replay.clock())
    if pointer is None:
        replay.storage.delete(CONTROL, f"{replay.model}/champion.json")
    else:
        replay.storage.put(CONTROL, f"{replay.model}/champion.json", pointer)
    assert after_a_pass(replay, meter, report) == {}


def test_pass_run_and_promotion_are_one_trace() -> None:
    tracer = Tracer()

    def trained(replay: Replay, run: Any) -> str:
        with tracer.span("train", parent=run.traceparent):
            return fit(replay, run)

    replay = begun(trainer=trained)
    told(replay, 300, concept=0.5, seed=1)
    told(replay, 800, concept=0.9, seed=1000)
    with tracer.span("monitor"):
        replay.watch()
    replay.train_all()
    for _ in range(2):
        with tracer.span("monitor"):
            replay.watch()
    spans = {span.name: span for span in reversed(tracer.take())}
    assert replay.registry.pointer(replay.model).previous == "v1"
    assert spans["monitor"].trace == spans["train"].trace == spans["promoted"].trace
    assert spans["train"].parent == spans["promoted"].parent == spans["monitor"].identity
