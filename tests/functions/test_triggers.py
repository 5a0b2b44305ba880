from __future__ import annotations

import dataclasses
import functools
from typing import Any

import azure.functions as func
import orjson
import pytest

from automl import bootstrap, events
from automl.monitoring import drops, passes
from automl.storage import RAW
from automl.training import worker
from functions import monitor, train
from tests.functions.conftest import Client
from tests.support.receiver import receiving


class Timer(func.TimerRequest):
    past_due = False


def deliver(message: Any) -> None:
    body = message if isinstance(message, bytes) else orjson.dumps(message)
    train.work_on_queue._function.get_user_function()(message=func.QueueMessage(body=body))


def test_train_message_is_handed_to_the_worker_with_the_parts_of_the_process(
    call: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(worker, "handle", lambda message, rooms: seen.append((message["run_id"], rooms)))
    deliver({"kind": "train", "model": "adult", "run_id": "r1", "traceparent": None})
    assert seen == [("r1", call.core)]


def test_monitor_message_makes_a_pass_over_its_model(call: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    deliver({"kind": "monitor", "model": "adult"})
    assert "Monitor of model adult: Nothing to watch" in caplog.text


def test_event_of_a_dropped_file_makes_a_pass_that_takes_it(adult: Client) -> None:
    name = "adult/drop/may.csv"
    adult.storage.put(RAW, name, b"age,income\n1,<=50K\n")
    event = {"specversion": "1.0", "type": "Microsoft.Storage.BlobCreated", "id": "e"}
    for container in ("models", "raw"):
        deliver({**event, "subject": f"/blobServices/default/containers/{container}/blobs/{name}"})
        taken = [drop.blob for drop in drops.newest(adult.storage, "adult")]
        assert taken == ([name] if container == "raw" else [])


@pytest.mark.parametrize("message", [b"not json", {"kind": "dance"}, {"kind": "train", "model": "adult"}, []])
def test_message_that_is_none_of_ours_fails_so_that_it_ends_among_the_poisoned(call: Client, message: Any) -> None:
    with pytest.raises(ValueError, match=r"Expected a message|invalid literal"):
        deliver(message)


def test_timer_makes_a_pass_over_every_model(adult: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    monitor.watch_models._function.get_user_function()(timer=Timer())
    assert "Monitor of model adult:" in caplog.text


def test_timer_delivers_what_happened_once_every_model_had_its_pass(
    adult: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    with receiving() as receiver:
        settings = dataclasses.replace(adult.core.settings, webhook_url=receiver.url)
        core = dataclasses.replace(adult.core, settings=settings)
        monkeypatch.setattr(bootstrap, "process", functools.cache(lambda: core))

        def watched(*_: Any) -> list[passes.Report]:
            sent.append(len(receiver.posts))
            return []

        monkeypatch.setattr(passes, "monitor_all", watched)
        events.write(adult.storage, adult.clock, "adult", kind="alarm", text="It has fallen.")
        monitor.watch_models._function.get_user_function()(timer=Timer())
    assert sent == [0]
    assert "evergreen.alarm" in [event["type"] for event in receiver.events]
