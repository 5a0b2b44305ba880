"""An erasure is asked for and followed over HTTP, and no answer, message or receipt repeats the key."""

from __future__ import annotations

from typing import Any

import azure.functions as func
import orjson
import pytest

from automl import erasures
from functions import monitor, train
from tests.functions.conftest import Client
from tests.functions.test_triggers import Timer

GUARDED = "order-4711"


async def test_an_erasure_is_taken_shown_and_listed(adult: Client) -> None:
    answer = await adult("ask_erasure", {"key": GUARDED})
    assert (answer.status, answer.json["status"]) == (202, "asked")
    identity = answer.json["id"]
    assert answer.headers["location"] == f"/models/adult/erasures/{identity}"
    shown = await adult("get_erasure", erasure=identity)
    listed = await adult("list_erasures")
    assert shown.json == answer.json == listed.json["erasures"][0]
    assert all(GUARDED.encode() not in body for body in (answer.body, shown.body, listed.body))


@pytest.mark.parametrize("body", [{}, {"key": None}, {"key": [GUARDED]}, {"key": GUARDED, "more": 1}, {"key": ""}])
async def test_what_is_no_key_is_refused_without_being_repeated(adult: Client, body: Any) -> None:
    answer = await adult("ask_erasure", body)
    assert answer.status == 400
    assert GUARDED.encode() not in answer.body
    assert not erasures.is_open(adult.storage, "adult")


async def test_an_erasure_that_nobody_asked_for_is_unknown(adult: Client) -> None:
    assert (await adult("get_erasure", erasure="20261120T160000Z-00000000")).status == 404
    assert (await adult("ask_erasure", {"key": 1}, model="bike")).status == 404


async def test_a_number_is_the_key_that_the_log_has_of_it(adult: Client) -> None:
    await adult("ask_erasure", {"key": 7})
    (request,) = erasures.open_requests(adult.storage, "adult")
    assert request.key == "7"


async def test_its_message_and_every_tick_take_it_further(adult: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    identity = (await adult("ask_erasure", {"key": GUARDED})).json["id"]
    (message,) = adult.storage.queues["train"]
    assert orjson.loads(message) == {"kind": "erase", "model": "adult"}
    train.work_on_queue._function.get_user_function()(message=func.QueueMessage(body=message.encode()))
    assert (await adult("get_erasure", erasure=identity)).json["status"] == "pending"
    adult.clock.advance(hours=4)
    monitor.watch_models._function.get_user_function()(timer=Timer())
    assert (await adult("get_erasure", erasure=identity)).json["status"] == "done"
    assert f"Erasure {identity} of model adult: Rows erased: none was found." in caplog.text
    assert GUARDED not in caplog.text
