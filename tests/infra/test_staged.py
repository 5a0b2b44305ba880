"""The staged packages run beside one another with the settings and rights of their roles."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.infra.staged import Staged, closes_the_loop, role_settings

PYTHON = Path(sys.executable)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    made = Staged(tmp_path_factory.mktemp("staged"), {"serve": PYTHON, "train": PYTHON})
    try:
        made.start("azurite")
        made.start("serve", "train")
        yield made
    finally:
        made.stop()


def test_packages_train_score_and_watch_with_their_own_settings_and_rights(running: Staged) -> None:
    answer = closes_the_loop(running)
    assert len(answer["predictions"]) == 50


def test_serving_can_neither_delete_a_blob_nor_take_a_message(running: Staged) -> None:
    connection = running.signed("serve")
    with pytest.raises(HttpResponseError) as refused:
        BlobServiceClient.from_connection_string(connection).get_blob_client("models", "x").delete_blob()
    assert refused.value.status_code == 403
    with pytest.raises(HttpResponseError) as refused:
        QueueServiceClient.from_connection_string(connection).get_queue_client("train").receive_message()
    assert refused.value.status_code == 403


def test_training_answers_nothing_but_health(running: Staged) -> None:
    training = f"http://127.0.0.1:{running.listens['train']}"
    assert running.client.get(f"{training}/health/live").status_code == 200
    assert running.client.get(f"{training}/models").status_code == 404


@pytest.mark.parametrize("role", ["serve", "train"])
def test_settings_of_a_role_hold_no_key(role: str) -> None:
    found = role_settings(role)
    assert found["EVERGREEN_ROLE"] == role
    assert "EVERGREEN_STORAGE" not in found
    assert len(found) > 10
