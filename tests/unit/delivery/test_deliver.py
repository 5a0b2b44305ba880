"""Every event once, in order, however the receiver or the sender fails."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable

import pytest

from automl.delivery.deliver import deliver_all
from automl.delivery.failures import REFUSALS
from automl.errors import Unavailable
from automl.settings import Settings
from automl.storage import CONTROL
from tests.support.at_once import at_once
from tests.support.receiver import Behaviour, Receiver, drip, hang_up, receiving, silence, status
from tests.unit.delivery.conftest import MODEL, Sender, mark_of


def dead(sender: Sender) -> None:
    """A receiver nobody listens at: the port of one that has ended."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    sender.with_settings(webhook_url=f"http://127.0.0.1:{port}/")


def test_every_event_arrives_once_and_in_order(sender: Sender, receiver: Receiver) -> None:
    for kind in ("alarm", "retraining", "kept"):
        sender.event(kind)
    assert sender.tick() == 3
    sender.event("alarm")
    assert [sender.tick(), sender.tick()] == [1, 0]
    assert receiver.numbers == [1, 2, 3, 4]
    assert [event["type"] for event in receiver.events][:2] == ["evergreen.alarm", "evergreen.retraining"]


def test_nothing_is_sent_where_no_receiver_is_named(sender: Sender, receiver: Receiver) -> None:
    sender.event()
    sender.with_settings(webhook_url="")
    assert sender.tick() == 0
    assert (receiver.asked, receiver.posts) == ([], [])


def test_receiver_is_asked_once_a_tick_and_only_when_there_is_something_to_send(
    sender: Sender, receiver: Receiver
) -> None:
    sender.tick()
    assert receiver.asked == []
    sender.event()
    sender.event()
    sender.tick()
    assert [headers["webhook-request-origin"] for headers in receiver.asked] == ["evergreen.example.com"]


@pytest.mark.parametrize("allows", [None, "other.example.com"])
def test_receiver_that_gives_no_leave_is_sent_nothing(
    sender: Sender, receiver: Receiver, allows: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.allows = allows
    sender.event()
    assert sender.tick() == 0
    assert receiver.posts == []
    assert "EVERGREEN_WEBHOOK_HANDSHAKE=off" in caplog.text
    sender.clock.advance(seconds=31)
    receiver.allows = "Evergreen.Example.com"
    assert sender.tick() == 1


def test_receiver_that_cannot_be_asked_is_sent_events_where_the_operator_says_so(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.allows = None
    sender.with_settings(webhook_handshake="off")
    sender.event()
    assert sender.tick() == 1
    assert receiver.asked == []


@pytest.mark.parametrize("behaviour", [status(500), status(429), status(404), status(302, location="/"), hang_up])
def test_event_that_fails_is_tried_again_after_a_pause_and_those_behind_it_wait(
    sender: Sender, receiver: Receiver, behaviour: Behaviour
) -> None:
    receiver.script = [behaviour, behaviour]
    sender.event()
    sender.event()
    assert sender.tick() == 0
    sender.clock.advance(seconds=29)
    assert sender.tick() == 0
    assert receiver.numbers == [1]
    sender.clock.advance(seconds=2)
    assert sender.tick() == 0
    sender.clock.advance(seconds=31)
    assert sender.tick() == 0  # the second pause is a minute
    sender.clock.advance(seconds=31)
    assert sender.tick() == 2
    assert receiver.numbers == [1, 1, 1, 2]
    assert len({event["id"] for event in receiver.events}) == 2


@pytest.mark.parametrize("behaviour", [silence, drip])
def test_receiver_that_does_not_come_to_an_end_is_left(
    sender: Sender, receiver: Receiver, behaviour: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    sender.with_settings(webhook_timeout_s=0.2)
    receiver.script = [behaviour]
    sender.event()
    assert sender.tick() == 0
    assert "did not answer within 0.2 s" in caplog.text
    sender.clock.advance(seconds=31)
    assert sender.tick() == 1


def test_dead_receiver_is_tried_for_one_model_a_tick_and_not_for_all(
    sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    sender.model("bikes")
    sender.event()
    sender.event(model="bikes")
    dead(sender)
    sender.tick()
    assert caplog.text.count("did not reach the webhook") == 1
    assert sender.settings.webhook_url not in caplog.text


def test_no_attempt_begins_after_the_ticks_time(sender: Sender, receiver: Receiver) -> None:
    sender.with_settings(webhook_tick_s=1e-9)
    sender.model("bikes")
    for model in (MODEL, MODEL, "bikes"):
        sender.event(model=model)
    assert [sender.tick() for _ in range(4)] == [1, 1, 1, 0]
    assert len(receiver.posts) == 3


def test_pause_that_the_receiver_asks_for_is_kept(sender: Sender, receiver: Receiver) -> None:
    receiver.script = [status(503, retry_after="600"), status(503, retry_after="999999999")]
    sender.event()
    sender.tick()
    sender.clock.advance(seconds=599)
    sender.tick()
    assert len(receiver.posts) == 1
    sender.clock.advance(seconds=2)
    sender.tick()
    sender.clock.advance(seconds=3601)
    assert sender.tick() == 1


def test_event_is_given_up_after_a_day_with_all_that_grew_old_behind_it_and_an_event_says_so(
    sender: Sender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.script = [status(500)] * 31
    sender.event()
    sender.event("retraining")
    sender.clock.advance(minutes=1)
    for attempt in range(25):
        if attempt == 20:
            sender.event("kept")
        sender.tick()
        sender.clock.advance(hours=1)
    assert len(receiver.posts) == 25
    receiver.script = []
    sender.tick()
    [told] = sender.told()
    assert told.text.startswith("Event 1 (alarm) of model adult was not delivered to the webhook and is given up: at")
    assert "attempt 25 since 2026-11-20T16:01:00.000Z, it answered 500. So are the events up to 2," in told.text
    assert "is given up" in caplog.text
    assert receiver.numbers[25:] == [3, 4]  # the younger one, and that others were given up


def test_event_that_the_receiver_refuses_as_such_does_not_hold_up_the_others_for_a_day(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.script = [status(400)] * REFUSALS
    sender.event()
    sender.event()
    for _ in range(REFUSALS):
        sender.tick()
        sender.clock.advance(minutes=10)
    assert receiver.numbers == [1] * REFUSALS + [2, 3]
    assert sender.told()[0].evidence["reason"] == "it answered 400"


def test_refusal_of_one_model_does_not_hold_up_another(sender: Sender, receiver: Receiver) -> None:
    receiver.script = [status(422)]
    sender.model("bikes")
    sender.event()
    sender.event(model="bikes")
    assert sender.tick() == 1
    assert [event["subject"] for event in receiver.events] == ["adult", "bikes"]


def test_receiver_that_is_gone_is_left_alone_until_another_is_named(sender: Sender, receiver: Receiver) -> None:
    receiver.script = [status(410)]
    sender.event()
    sender.event()
    for _ in range(3):
        sender.tick()
        sender.clock.advance(hours=1)
    assert receiver.numbers == [1]
    assert "Nothing more is sent there until EVERGREEN_WEBHOOK_URL" in sender.told()[0].text
    sender.with_settings(webhook_url=receiver.url + "/other")
    assert sender.tick() == 3


def test_that_events_were_given_up_is_itself_given_up_silently(sender: Sender, receiver: Receiver) -> None:
    receiver.script = [status(400)] * (2 * REFUSALS)
    sender.event()
    for _ in range(3 * REFUSALS):
        sender.tick()
        sender.clock.advance(minutes=10)
    assert len(sender.told()) == 1
    assert receiver.numbers == [1] * REFUSALS + [2] * REFUSALS


def test_new_receiver_is_not_told_of_old_times(sender: Sender, receiver: Receiver) -> None:
    for _ in range(3):
        sender.event()
    sender.clock.advance(hours=25)
    sender.event()
    sender.clock.advance(minutes=1)
    assert sender.tick() == 1
    assert receiver.numbers == [4]
    sender.with_settings(webhook_url="")
    sender.event()
    sender.clock.advance(days=30)
    sender.with_settings(webhook_url=receiver.url)
    sender.event()
    assert sender.tick() == 1
    assert receiver.numbers == [4, 6]


def test_move_of_the_pointer_that_never_came_to_be_is_not_told(sender: Sender, receiver: Receiver) -> None:
    first = sender.move("v1", None)
    sender.carry_out(first)
    sender.move("v2", first.seq)  # another was quicker
    real = sender.move("v3", first.seq)
    sender.carry_out(real)
    assert sender.tick() == 2
    assert [event["data"]["pointer"]["champion"] for event in receiver.events] == ["v1", "v3"]


def test_move_under_way_is_waited_for_and_told_late_when_it_comes_to_be_after_all(
    sender: Sender, receiver: Receiver
) -> None:
    intent = sender.move("v1", None)
    sender.event("alarm")
    assert sender.tick() == 0
    sender.clock.advance(minutes=6)
    assert sender.tick() == 1
    assert receiver.numbers == [2]
    sender.carry_out(intent)
    assert [sender.tick(), sender.tick()] == [1, 0]
    assert receiver.numbers == [2, 1]


def test_move_that_its_writer_left_is_forgotten_once_the_pointer_has_passed_it(
    sender: Sender, receiver: Receiver
) -> None:
    sender.move("v1", None)
    sender.clock.advance(minutes=6)
    sender.event("alarm")
    sender.tick()
    assert mark_of(sender)["open"] == [1]
    sender.carry_out(sender.move("v2", None))
    sender.event("kept")
    sender.tick()
    assert receiver.numbers == [2, 3, 4]
    assert mark_of(sender)["open"] == []


def test_model_that_is_being_removed_is_not_written_to(sender: Sender, receiver: Receiver) -> None:
    sender.event()
    sender.storage.delete(CONTROL, f"{MODEL}/spec.json")
    assert sender.tick() == 0
    assert (receiver.posts, [info.name for info in sender.storage.find(CONTROL, f"{MODEL}/webhook")]) == ([], [])


def test_one_models_broken_events_do_not_stop_the_others(
    sender: Sender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    sender.model("bikes")
    sender.event(model="bikes")
    sender.storage.put(CONTROL, f"{MODEL}/events/00000001.json", b"{")
    assert sender.tick() == 1
    assert "events of model adult could not be looked at" in caplog.text
    assert receiver.events[0]["subject"] == "bikes"


def dying_at(step: int) -> Callable[[str, str, str], None]:
    operations = itertools.count(1)

    def before(*_: str) -> None:
        if next(operations) == step:
            raise KeyboardInterrupt  # no handler of the program's own catches it, as none survives a kill

    return before


@pytest.mark.parametrize("refused", [[], [1], [1, 2]])
def test_tick_that_dies_at_any_operation_is_finished_by_a_later_one_with_at_most_one_repeat(
    refused: list[int],
) -> None:
    for step in itertools.count(1):
        with receiving() as receiver:
            sender = Sender(Settings(webhook_url=receiver.url))
            receiver.script = [status(500 if place in refused else 204) for place in range(3)]
            for _ in range(3):
                sender.event()
            sender.storage.before = dying_at(step)
            try:
                sender.tick()
            except KeyboardInterrupt:
                died = True
            else:
                died = False
            sender.storage.before = lambda *_: None
            for _ in range(6):
                sender.clock.advance(minutes=2)
                sender.tick()
            accepted = [number for place, number in enumerate(receiver.numbers) if place not in refused]
            assert sorted(set(accepted)) == [1, 2, 3], f"dying at operation {step}"
            assert accepted == sorted(accepted)
            assert len(accepted) <= 4
            if not died:
                break
    assert step >= 10


def test_storage_that_fails_in_a_tick_leaves_the_event_for_a_later_one(sender: Sender, receiver: Receiver) -> None:
    sender.event()

    def down(operation: str, _: str, name: str) -> None:
        if operation == "put" and name.endswith("webhook.json"):
            raise Unavailable("storage is gone")

    sender.storage.before = down
    assert sender.tick() == 0
    sender.storage.before = lambda *_: None
    assert sender.tick() == 1
    assert receiver.numbers == [1]


def test_of_monitors_at_once_one_delivers(sender: Sender, receiver: Receiver) -> None:
    for _ in range(5):
        sender.event()
    at_once(*[sender.tick] * 4)
    assert receiver.numbers == [1, 2, 3, 4, 5]


def test_monitor_that_comes_while_another_is_sending_leaves_it_alone(sender: Sender, receiver: Receiver) -> None:
    sender.event()
    others: list[int] = []

    def another(handler: object) -> None:
        others.append(deliver_all(sender.registry, sender.settings, sender.clock))
        status(204)(handler)  # type: ignore[arg-type]

    receiver.script = [another]
    assert sender.tick() == 1
    assert (others, receiver.numbers) == ([0], [1])


def test_tick_without_anything_to_send_writes_nothing_and_loads_no_client() -> None:
    code = """
import sys
from datetime import UTC, datetime
from automl.delivery.deliver import deliver_all
from automl.registry import Registry
from automl.settings import Settings
from automl.storage import CONTROL
from tests.support.memory import MemoryStorage
storage = MemoryStorage()
storage.put(CONTROL, "adult/spec.json", b"{}")
operations = []
storage.before = lambda operation, *_: operations.append(operation)
clock = lambda: datetime(2026, 11, 20, tzinfo=UTC)
print(deliver_all(Registry(storage, clock), Settings(webhook_url="http://127.0.0.1:1"), clock))
print(set(operations) <= {"get", "list"}, "httpx" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0", "True False"]
