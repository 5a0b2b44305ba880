"""The emulator the other integration tests stand on."""

from __future__ import annotations

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.support.azurite import azurite


def test_private_azurite_keeps_blobs_and_queue_messages(azurite_connection: str) -> None:
    blobs = BlobServiceClient.from_connection_string(azurite_connection)
    container = blobs.create_container("azurite-test")
    container.upload_blob("a", b"bytes")
    assert container.download_blob("a").readall() == b"bytes"

    queue = QueueServiceClient.from_connection_string(azurite_connection).create_queue("azurite-test")
    queue.send_message("hello")
    assert [message.content for message in queue.receive_messages()] == ["hello"]


def test_two_azurites_share_nothing(azurite_connection: str) -> None:
    with azurite() as other:
        assert other != azurite_connection
        names = [each.name for each in BlobServiceClient.from_connection_string(other).list_containers()]
        assert names == []
