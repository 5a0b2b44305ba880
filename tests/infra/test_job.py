"""The training job treats messages as the Functions runtime does."""

from __future__ import annotations

import base64
import json
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from azure.storage.queue import QueueServiceClient

from automl import bootstrap
from automl.settings import Settings
from functions import orders
from infra.job import __main__ as job
from infra.job import take
from infra.job.take import one_message

ORDER = {"kind": "train", "model": "m", "run_id": "r"}


@pytest.fixture
def queues(azurite_connection: str) -> QueueServiceClient:
    return QueueServiceClient.from_connection_string(azurite_connection)


@pytest.fixture
def name(queues: QueueServiceClient) -> str:
    """A queue with one message, and its poison queue."""
    made = f"job-{uuid.uuid4().hex[:8]}"
    queues.create_queue(made).send_message(base64.b64encode(json.dumps(ORDER).encode()).decode())
    queues.create_queue(f"{made}-poison")
    return made


def waiting(queues: QueueServiceClient, name: str) -> int:
    return int(queues.get_queue_client(name).get_queue_properties().approximate_message_count or 0)


def test_job_does_what_the_queue_trigger_does(
    azurite_connection: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = SimpleNamespace(settings=Settings(storage=azurite_connection, train_queue=name))
    done: list[Any] = []
    monkeypatch.setattr(bootstrap, "process", lambda: core)
    monkeypatch.setattr(orders, "work_on", lambda order, core: done.append((order, core)))
    assert job.main() == 0
    assert done == [(ORDER, core)]


def test_message_is_gone_when_the_work_is_done(queues: QueueServiceClient, name: str) -> None:
    done: list[dict[str, Any]] = []
    assert one_message(queues, name, done.append) == 0
    assert done == [ORDER]
    assert waiting(queues, name) == 0


def test_message_stays_when_the_work_fails(queues: QueueServiceClient, name: str) -> None:
    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("out of memory")

    assert one_message(queues, name, fail) == 1
    assert waiting(queues, name) == 1


def test_message_is_hidden_from_others_while_it_is_worked_on(queues: QueueServiceClient, name: str) -> None:
    seen: list[int] = []

    def work(_: dict[str, Any]) -> None:
        seen.append(one_message(queues, name, lambda _: pytest.fail("worked on twice")))

    assert one_message(queues, name, work) == 0
    assert seen == [0]


def test_lease_is_renewed_while_the_work_goes_on(
    queues: QueueServiceClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take, "RENEW_S", 0.01)
    client = queues.get_queue_client(name)
    renewed: list[str] = []

    class Watched:
        def get_queue_client(self, asked: str) -> Any:
            return self if asked == name else queues.get_queue_client(asked)

        def update_message(self, message: Any, **options: Any) -> Any:
            found = client.update_message(message, **options)
            renewed.append(str(found.pop_receipt))
            return found

        def __getattr__(self, attribute: str) -> Any:
            return getattr(client, attribute)

    def work(_: dict[str, Any]) -> None:
        while len(renewed) < 2:  # the renewing thread counts, not the clock
            assert client.get_queue_properties().approximate_message_count == 1

    assert one_message(Watched(), name, work) == 0
    assert waiting(queues, name) == 0  # deleted by the newest receipt: the first would have been refused


def test_message_that_always_fails_goes_to_the_poison_queue(
    queues: QueueServiceClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take, "ATTEMPTS", 0)
    assert one_message(queues, name, lambda _: pytest.fail("worked on")) == 0
    assert waiting(queues, name) == 0
    [given_up] = queues.get_queue_client(f"{name}-poison").receive_messages()
    assert json.loads(base64.b64decode(given_up.content)) == ORDER


def test_empty_queue_is_no_error(queues: QueueServiceClient, name: str) -> None:
    queues.get_queue_client(name).clear_messages()
    assert one_message(queues, name, lambda _: pytest.fail("worked on")) == 0
