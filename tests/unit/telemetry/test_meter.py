"""What the meter counts, nobody loses and nobody gets twice."""

from __future__ import annotations

import threading

from automl.telemetry.meter import Meter, Point
from automl.telemetry.metrics import LOG_DROPPED, METRICS, MODEL_AGE, SCORE_DURATION, SCORE_ROWS


def told(meter: Meter) -> dict[tuple[str, ...], tuple[int, float, float, float]]:
    return {(p.metric.name, *p.dimensions): (p.count, p.total, p.least, p.most) for p in meter.take()}


def test_counter_is_taken_as_its_increase_and_histogram_as_its_spread() -> None:
    meter = Meter()
    for rows, duration in ((1, 2.0), (10, 8.0), (5, 0.5)):
        meter.add(SCORE_ROWS, rows, "adult")
        meter.observe(SCORE_DURATION, duration, "adult")
    meter.add(SCORE_ROWS, 7, "bikes")
    assert told(meter) == {
        ("evergreen.score.rows", "adult"): (1, 16, 16, 16),
        ("evergreen.score.rows", "bikes"): (1, 7, 7, 7),
        ("evergreen.score.duration", "adult"): (3, 10.5, 0.5, 8.0),
    }
    assert meter.take() == []


def test_gauge_stands_until_it_is_said_anew_or_let_go() -> None:
    meter = Meter()
    meter.set(MODEL_AGE, 10, "adult")
    meter.set(MODEL_AGE, 20, "adult")
    meter.set(MODEL_AGE, 5, "bikes")
    expected = [Point(metric=MODEL_AGE, dimensions=("adult",), count=1, total=20, least=20, most=20)]
    meter.forget(MODEL_AGE, "bikes")
    assert [meter.take(), meter.take()] == [expected, expected]


def test_followed_total_is_taken_as_its_increase() -> None:
    meter, lost = Meter(), [3]
    meter.follow(LOG_DROPPED, lambda: lost[0], "predictions")
    lost[0] = 10
    assert told(meter) == {("evergreen.log.dropped", "predictions"): (1, 7, 7, 7)}
    assert told(meter) == {("evergreen.log.dropped", "predictions"): (1, 0, 0, 0)}


def test_threads_at_once_lose_nothing() -> None:
    meter = Meter()

    def work() -> None:
        for _ in range(2000):
            meter.add(SCORE_ROWS, 1, "adult")
            meter.observe(SCORE_DURATION, 1.0, "adult")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    taken = meter.take()
    for thread in threads:
        thread.join()
    taken += meter.take()
    assert sum(point.total for point in taken if point.metric is SCORE_ROWS) == 8000
    assert sum(point.count for point in taken if point.metric is SCORE_DURATION) == 8000


def test_every_metric_has_a_name_of_its_own_and_no_dimension_that_names_a_row_or_a_value() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    allowed = {"model", "role", "reason", "log", "metric", "window", "outcome", "trigger", "decision", "feature"}
    assert {name for metric in METRICS for name in metric.dimensions} <= allowed
