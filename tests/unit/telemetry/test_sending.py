"""What Application Insights receives, by Microsoft's own exporter over a real socket; and when, and when not."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from automl.telemetry.azure import UNASKED, ApplicationInsights, begin
from automl.telemetry.meter import Meter, Point
from automl.telemetry.metrics import ACCURACY, SCORE_DURATION, SCORE_ROWS
from automl.telemetry.sender import Sender
from automl.telemetry.tracing import Span, Tracer

NO_SUCH_KEY = "00000000-0000-0000-0000-000000000000"


@contextmanager
def ingestion() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An endpoint that takes telemetry as Azure Monitor does: its connection string, and what came."""
    came: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            items = orjson.loads(body)
            came.extend(items)
            answer = orjson.dumps({"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []})
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            yield f"InstrumentationKey={NO_SUCH_KEY};IngestionEndpoint={url}", came
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What arrived of a meter and a tracer that were flushed once."""
    for name in UNASKED:
        monkeypatch.setenv(name, "true")
    meter, tracer = Meter(), Tracer()
    for duration in (2.0, 4.0):
        meter.observe(SCORE_DURATION, duration, "adult")
        meter.add(SCORE_ROWS, 10, "adult")
    meter.set(ACCURACY, 0.875, "adult", "accuracy", "recent")
    with tracer.span("train", parent="00-" + "a" * 32 + "-" + "b" * 16 + "-01", model="adult"):
        pass
    with ingestion() as (connection, items):
        threads = threading.active_count()
        line = ApplicationInsights(connection, "func-train", disable_offline_storage=True)
        line.send(meter.take(), tracer.take(), 1, 2)
        assert threading.active_count() <= threads + 1  # the endpoint's own: the exporter reports nothing by itself
        yield items


def points(came: list[dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    found = [item["data"]["baseData"] for item in came if item["data"]["baseType"] == "MetricData"]
    return {data["metrics"][0]["name"]: (data["metrics"][0], data["properties"]) for data in found}


def test_metrics_arrive_under_their_names_with_their_dimensions(came: list[dict[str, Any]]) -> None:
    rows, where = points(came)["evergreen.score.rows"]
    assert (rows["value"], where) == (20, {"model": "adult"})
    value, where = points(came)["evergreen.accuracy"]
    assert (value["value"], where) == (0.875, {"model": "adult", "metric": "accuracy", "window": "recent"})


def test_histogram_arrives_with_count_sum_least_and_most(came: list[dict[str, Any]]) -> None:
    duration, _ = points(came)["evergreen.score.duration"]
    assert [duration[name] for name in ("count", "value", "min", "max")] == [2, 6.0, 2.0, 4.0]


def test_span_arrives_in_the_trace_of_what_led_to_it(came: list[dict[str, Any]]) -> None:
    [span] = [item for item in came if item["data"]["baseType"] == "RemoteDependencyData"]
    assert span["tags"]["ai.operation.id"] == "a" * 32
    assert span["tags"]["ai.operation.parentId"] == "b" * 16
    assert (span["data"]["baseData"]["name"], span["data"]["baseData"]["success"]) == ("train", True)


def test_all_of_it_is_told_as_the_same_app_as_the_hosts_own_telemetry(came: list[dict[str, Any]]) -> None:
    assert {item["tags"]["ai.cloud.role"] for item in came} == {"func-train"}


class Held:
    """A line whose sendings are kept."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.sent: list[list[float]] = []
        self.failing = False

    def named(self, name: str) -> list[float]:
        """The totals of a metric, in the order in which they were sent."""
        return [point.total for point in self.points if point.metric.name == name]

    def send(self, points: Sequence[Point], spans: Sequence[Span], begun_ns: int, now_ns: int) -> None:
        if self.failing:
            raise OSError("the network is gone")
        self.points += points
        self.sent.append([point.total for point in points])


def test_flush_sends_at_once_what_was_measured_and_each_measurement_once() -> None:
    line, meter = Held(), Meter()
    sender = Sender(meter, Tracer(), lambda: line, every_s=3600)
    meter.add(SCORE_ROWS, 3, "adult")
    assert sender.flush()
    meter.add(SCORE_ROWS, 4, "adult")
    assert sender.flush()
    assert line.sent == [[3], [4]]


def test_sender_goes_on_after_a_minute_that_could_not_be_sent(caplog: pytest.LogCaptureFixture) -> None:
    line, meter = Held(), Meter()
    sender = Sender(meter, Tracer(), lambda: line, every_s=3600)
    line.failing = True
    assert sender.flush()
    assert "Telemetry was not sent" in caplog.text
    line.failing = False
    meter.add(SCORE_ROWS, 4, "adult")
    assert sender.flush()
    assert line.sent == [[4]]


def test_sender_sends_by_itself() -> None:
    arrived = threading.Event()

    class Line(Held):
        def send(self, points: Sequence[Point], spans: Sequence[Span], begun_ns: int, now_ns: int) -> None:
            if points:
                arrived.set()
                threading.Event().wait()  # its thread sleeps from now on, beside the other tests

    meter = Meter()
    meter.add(SCORE_ROWS, 3, "adult")
    Sender(meter, Tracer(), Line, every_s=0.01)
    assert arrived.wait(30)


def test_nothing_is_begun_where_no_application_insights_is_named() -> None:
    before = threading.active_count()
    assert begin(Meter(), Tracer(), {"APPLICATIONINSIGHTS_CONNECTION_STRING": ""}) is None
    assert threading.active_count() == before
