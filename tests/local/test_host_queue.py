"""Queue functions under the local host, on Azurite."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator

import pytest
from azure.storage.queue import QueueClient

from tests.local.conftest import APP
from tests.support.host import Host, host
from tests.support.waiting import until

Environ = dict[str, str]


def queue(environ: Environ, suffix: str = "") -> QueueClient:
    return QueueClient.from_connection_string(environ["WORK_STORAGE"], environ["WORK_QUEUE"] + suffix)


def send(client: QueueClient, text: str) -> None:
    client.send_message(base64.b64encode(text.encode()).decode())


@pytest.fixture
def work(environ: Environ) -> Iterator[QueueClient]:
    with queue(environ) as client:
        client.create_queue()
        yield client


@pytest.fixture
def worker(environ: Environ, work: QueueClient) -> Iterator[Host]:
    with host(APP, environ, "--lease", "3") as running:
        yield running


def test_a_message_is_handled_once_and_is_gone(worker: Host, work: QueueClient) -> None:
    send(work, "first")
    seen = worker.sees("queue")
    assert (seen["queue"], seen["attempt"], seen["function"]) == ("first", 1, "work")
    worker.says("handled in")
    assert work.get_queue_properties().approximate_message_count == 0


def test_a_queue_that_is_made_later_is_served_then(environ: Environ) -> None:
    with host(APP, environ) as running, queue(environ) as client:
        client.create_queue()
        send(client, "late")
        assert running.sees("done")["done"] == "late"


def test_messages_are_handled_one_at_a_time_when_host_json_says_so(worker: Host, work: QueueClient) -> None:
    send(work, "wait a")
    assert worker.sees("queue")["queue"] == "wait a"
    send(work, "next")
    assert [message.content for message in work.peek_messages()]  # it is not even fetched
    worker.post("/pre/fix/gates/a")
    assert worker.sees("done")["done"] == "wait a"
    assert worker.sees("done")["done"] == "next"


def test_a_failing_message_is_tried_again_and_then_moved_to_the_poison_queue(
    worker: Host, work: QueueClient, environ: Environ
) -> None:
    send(work, "fail")
    assert [worker.sees("queue")["attempt"] for _ in range(3)] == [1, 2, 3]
    worker.says("was moved to .*-poison")
    with queue(environ, "-poison") as poison:
        assert [base64.b64decode(message.content) for message in poison.receive_messages()] == [b"fail"]
    assert work.get_queue_properties().approximate_message_count == 0


def test_a_message_that_is_not_base64_goes_to_the_poison_queue_as_it_came(
    worker: Host, work: QueueClient, environ: Environ
) -> None:
    work.send_message("not base64!")
    worker.says("was moved to .*-poison")
    with queue(environ, "-poison") as poison:
        assert [message.content for message in poison.receive_messages()] == ["not base64!"]


def test_a_lease_is_renewed_for_as_long_as_the_handler_runs(environ: Environ, work: QueueClient) -> None:
    with host(APP, environ, "--lease", "2") as worker:
        send(work, "wait b")
        worker.sees("queue")
        work.send_message("a clock", visibility_timeout=5)  # shows itself when the first lease is long over
        seen = until(lambda: [message.content for message in work.receive_messages()], "any visible message")
        assert seen == ["a clock"]
        worker.post("/pre/fix/gates/b")
        assert worker.sees("done")["done"] == "wait b"


def test_a_message_comes_back_after_its_host_was_killed(environ: Environ, work: QueueClient) -> None:
    with host(APP, environ, "--lease", "3") as first:
        send(work, "wait never")
        first.sees("queue")
        first.end(signal.SIGKILL)
    with host(APP, environ, "--lease", "3") as second:
        assert second.sees("queue")["attempt"] == 2


def test_a_host_that_is_stopped_gives_its_message_back_at_once(environ: Environ, work: QueueClient) -> None:
    with host(APP, environ, "--lease", "600") as first:
        send(work, "wait never")
        first.sees("queue")
        assert first.end(signal.SIGTERM) == 0
    with host(APP, environ) as second:
        assert second.sees("queue")["attempt"] == 2


def test_a_host_that_is_stopped_lets_its_message_end(environ: Environ, work: QueueClient) -> None:
    with host(APP, environ) as running:
        send(work, "wait end")
        running.sees("queue")
        running.post("/pre/fix/gates/end")
        assert running.end(signal.SIGINT) == 0
        assert running.sees("done")["done"] == "wait end"
    assert work.get_queue_properties().approximate_message_count == 0
