"""What the functions count and trace."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import azure.functions as func
import orjson
import pytest

from automl import bootstrap
from automl.errors import Unavailable
from automl.run import Cause, Run
from automl.telemetry.sender import Sender
from automl.training import worker
from functions import monitor, train
from tests.functions.conftest import Client
from tests.support.models import ROW, publish
from tests.unit.telemetry.test_sending import Held


class Timer(func.TimerRequest):
    past_due = False


def told(client: Client) -> dict[tuple[str, ...], float]:
    """The total of every series that was measured since the last time."""
    points = client.core.telemetry.meter.take()
    return {(point.metric.name, *point.dimensions): point.total for point in points if point.total}


async def test_score_counts_its_rows_and_its_time(adult: Client) -> None:
    await adult("score", {"dataframe_records": [ROW] * 3})
    await adult("score", ROW)
    measured = told(adult)
    assert measured["evergreen.score.rows", "adult"] == 4
    assert measured["evergreen.score.duration", "adult"] > 0
    assert measured["evergreen.model.load.duration", "adult"] > 0
    assert "evergreen.score.errors" not in {name[0] for name in measured}


async def test_refused_scores_are_counted_by_reason_and_name_no_model_that_a_caller_made_up(adult: Client) -> None:
    await adult("score", {"age": "old"})
    await adult("score", ROW, model="nobody")
    measured = told(adult)
    assert measured["evergreen.score.errors", "invalid_input"] == 1
    assert measured["evergreen.score.errors", "not_found"] == 1
    assert "nobody" not in {part for name in measured for part in name}


async def test_records_that_the_log_lost_are_counted(adult: Client) -> None:
    def down(operation: str, container: str, _: str) -> None:
        if (operation, container) == ("append", "log"):
            raise Unavailable("storage is gone")

    adult.storage.before = down
    answer = await adult("score", {"dataframe_records": [ROW] * 2})
    assert answer.json["logged"] is False
    assert told(adult)["evergreen.log.dropped", "predictions"] == 2


async def test_moves_of_the_pointer_are_counted_by_their_kind(adult: Client) -> None:
    publish(adult.core.registry, "v2")
    told(adult)
    await adult("promote", {"version": "v2"})
    await adult("rollback", {})
    assert told(adult) == {
        ("evergreen.promotion.total", "adult", "promoted"): 1,
        ("evergreen.promotion.total", "adult", "rolled-back"): 1,
    }


def asked(client: Client, **more: Any) -> Run:
    cause = Cause(kind="request", key="1", text="Asked for.", at=client.clock())
    return client.core.runs.request("adult", cause, {"blob": "adult/table", "etag": "1", "format": "csv"}, **more)


async def test_run_that_ends_is_counted_once_with_its_outcome_its_trigger_and_its_time(adult: Client) -> None:
    runs = adult.core.runs
    told(adult)
    run = runs.claim("adult", asked(adult).id, "one")
    assert run is not None
    adult.clock.advance(seconds=90)
    runs.move(run, stage="searching")
    run = runs.get("adult", run.id)
    runs.move(run, status="failed", message="It broke.")
    assert told(adult) == {
        ("evergreen.retrain.runs", "adult", "failed", "request"): 1,
        ("evergreen.retrain.duration", "adult", "failed"): 90,
    }


async def test_train_message_goes_on_with_the_trace_of_what_asked_for_the_run(
    adult: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "handle", lambda *_: None)
    asked(adult, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    [message] = adult.storage.queues["train"]
    train.work_on_queue._function.get_user_function()(message=func.QueueMessage(body=message.encode()))
    [span] = adult.core.telemetry.tracer.take()
    assert (span.name, span.trace, span.parent) == ("train", "a" * 32, "b" * 16)


async def test_run_that_is_asked_for_within_a_span_carries_its_trace(adult: Client) -> None:
    with adult.core.telemetry.tracer.span("monitor") as own:
        run = asked(adult)
    assert run.traceparent == own
    assert orjson.loads(adult.storage.queues["train"][0])["traceparent"] == own


@pytest.fixture
def line(adult: Client, monkeypatch: pytest.MonkeyPatch) -> Held:
    """What a process with somebody to send to has sent."""
    held, telemetry = Held(), adult.core.telemetry
    sender = Sender(telemetry.meter, telemetry.tracer, lambda: held, every_s=3600)
    core = dataclasses.replace(adult.core, telemetry=dataclasses.replace(telemetry, sender=sender))
    monkeypatch.setattr(bootstrap, "process", functools.cache(lambda: core))
    return held


async def test_tick_sends_its_gauges_before_the_instance_may_be_frozen(adult: Client, line: Held) -> None:
    told(adult)
    adult.clock.advance(days=2)
    monitor.watch_models._function.get_user_function()(timer=Timer())
    assert line.named("evergreen.model.age") == [2 * 86_400]
