"""Azure Blob and Queue storage, or Azurite: the only importer of `azure.storage`."""

from __future__ import annotations

import base64
import os
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobBlock, BlobClient, BlobServiceClient, ExponentialRetry

from automl import account, surroundings
from automl.account import Tables
from automl.errors import Unavailable
from automl.pauses import RETRIES, pause
from automl.settings import Settings
from automl.storage import CONTAINERS, LAKE, MODELS, Blob, BlobInfo, Full, Missing, Oversized, Precondition, oversized

_ONE_GET = 32 * 2**20
"""What the SDK reads in one request. It asks for more only of the blob as it was, and a log grows meanwhile."""


class AzureStorage:
    """Azure Blob and Queue storage, or Azurite, through Microsoft's SDK. Safe to share between threads."""

    def __init__(self, settings: Settings, *, retries: int = RETRIES) -> None:
        self._settings = settings
        self._queues: dict[str, Any] = {}
        self._options: dict[str, Any] = {
            "retry_policy": _ShortFirst(retries),
            "connection_timeout": 5,
            "read_timeout": 60,
            "use_env_settings": surroundings.have_a_say(os.environ, sys.platform),
        }
        options = self._options
        if settings.storage:
            text = account.connection_string(settings)
            self._blobs: BlobServiceClient = BlobServiceClient.from_connection_string(text, **options)
        else:
            self._blobs = BlobServiceClient(settings.storage_blob_uri, account.credential(settings), **options)
        self._clients: dict[tuple[str, str], BlobClient] = {}

    def create_containers(self) -> None:
        """Create the containers and the queue where they are missing (a laptop; in Azure, Bicep does it)."""
        makers = [self._blobs.get_container_client(name).create_container for name in CONTAINERS]
        for make in [*makers, self._queue(self._settings.train_queue).create_queue]:
            with _translated():
                try:
                    make()
                except ResourceExistsError:
                    continue  # another process was first, which is as good

    def get(self, container: str, name: str, *, unless: str | None = None, at_most: int | None = None) -> Blob | None:
        condition: dict[str, Any] = {}
        if unless is not None:
            condition = {"etag": unless, "match_condition": MatchConditions.IfModified}
        with _translated():
            try:
                stream = self._blob(container, name).download_blob(**condition)
                if at_most is not None and stream.size > at_most:  # known from the answer to the first request
                    raise Oversized(oversized(container, name, stream.size, at_most))
                return Blob(data=stream.readall(), etag=stream.properties.etag)
            except HttpResponseError as error:
                if unless is not None and error.status_code == 304:
                    return None
                raise

    def get_from(self, container: str, name: str, offset: int, length: int | None = None) -> bytes:
        parts: list[bytes] = []
        end = None if length is None else offset + length
        while True:
            wanted = _ONE_GET if end is None else min(_ONE_GET, end - offset)
            parts.append(self._part(container, name, offset, wanted))
            offset += wanted
            if len(parts[-1]) < wanted or offset == end:
                return b"".join(parts)

    def _part(self, container: str, name: str, offset: int, length: int) -> bytes:
        with _translated():
            try:
                return self._blob(container, name).download_blob(offset=offset, length=length).readall()
            except HttpResponseError as error:
                if error.status_code == 416:  # nothing at or after the offset
                    return b""
                raise

    def put(
        self, container: str, name: str, data: bytes, *, if_match: str | None = None, create: bool = False
    ) -> str:
        condition: dict[str, Any] = {}
        if if_match is not None:
            condition = {"etag": if_match, "match_condition": MatchConditions.IfNotModified}
        with _translated():
            answer = self._blob(container, name).upload_blob(data, overwrite=not create, **condition)
        return str(answer["etag"])

    def stage(self, container: str, name: str, number: int, data: bytes) -> None:
        with _translated():
            self._blob(container, name).stage_block(_block_id(number), data)

    def staged(self, container: str, name: str) -> dict[int, int]:
        with _translated():
            try:
                _, waiting = self._blob(container, name).get_block_list("uncommitted")
            except ResourceNotFoundError:
                return {}
        return {int(block.id): int(block.size) for block in waiting}

    def commit(self, container: str, name: str, count: int) -> str:
        with _translated():
            try:
                blocks = [BlobBlock(_block_id(number)) for number in range(count)]
                return str(self._blob(container, name).commit_block_list(blocks)["etag"])
            except HttpResponseError as error:
                if error.status_code == 400 and "InvalidBlockList" in str(error):
                    raise Missing(f"a block of {container}/{name}") from error
                raise

    def append(self, container: str, name: str, data: bytes, *, at: int) -> int:
        blob = self._blob(container, name)
        with _translated():
            if at == 0:
                with suppress(ResourceExistsError):  # an attempt whose answer was lost made it: the position decides
                    blob.create_append_blob(match_condition=MatchConditions.IfMissing)
            try:
                blob.append_block(data, appendpos_condition=at)
            except HttpResponseError as error:
                if "BlockCountExceedsLimit" in str(error):
                    raise Full(f"{container}/{name}") from error
                raise
        return at + len(data)

    def size(self, container: str, name: str) -> int:
        with _translated():
            return int(self._blob(container, name).get_blob_properties().size)

    def find(self, container: str, prefix: str = "") -> Iterator[BlobInfo]:
        with _translated():
            for item in self._blobs.get_container_client(container).list_blobs(name_starts_with=prefix or None):
                etag = f'"{item.etag.strip(chr(34))}"'  # listings leave out the quotes that reads have
                yield BlobInfo(name=item.name, size=item.size, etag=etag, modified=item.last_modified)

    def folders(self, container: str, prefix: str = "") -> list[str]:
        with _translated():
            walk = self._blobs.get_container_client(container).walk_blobs(name_starts_with=prefix or None)
            names = [str(item.name)[len(prefix) :] for item in walk]
        return sorted(name.removesuffix("/") for name in names if name.endswith("/"))

    def delete(self, container: str, name: str) -> None:
        with _translated(), suppress(ResourceNotFoundError):
            self._blob(container, name).delete_blob()

    def send(self, queue: str, text: str) -> None:
        with _translated():
            self._queue(queue).send_message(base64.b64encode(text.encode()).decode())

    def tables(self) -> Tables:
        with _translated():
            return account.tables(self._settings, LAKE)

    def _blob(self, container: str, name: str) -> BlobClient:
        client = self._clients.get((container, name))
        if client is None:
            client = self._blobs.get_blob_client(container, name)
            if container == MODELS:
                return client  # files of a version are read once, and a client takes 32 KiB
            if len(self._clients) > 1000:
                self._clients.clear()
            self._clients[container, name] = client
        return client

    def _queue(self, name: str) -> Any:
        if name not in self._queues:
            from azure.storage.queue import QueueClient

            if self._settings.storage:
                text = account.connection_string(self._settings)
                self._queues[name] = QueueClient.from_connection_string(text, name, **self._options)
            else:
                uri, credential = self._settings.storage_queue_uri, account.credential(self._settings)
                self._queues[name] = QueueClient(uri, name, credential=credential, **self._options)
        return self._queues[name]


class _ShortFirst(ExponentialRetry):
    """Makes a call again as often as told, after pauses that begin short."""

    def __init__(self, retries: int) -> None:
        super().__init__(retry_total=retries, retry_connect=retries, retry_read=retries, retry_status=retries)

    def get_backoff_time(self, settings: Mapping[str, Any]) -> float:
        return random.uniform(*pause(settings["count"]))  # noqa: S311 - spreads, hides nothing


@contextmanager
def _translated() -> Iterator[None]:
    """Raise this module's errors instead of the SDK's."""
    try:
        yield
    except ResourceNotFoundError as error:
        raise Missing(_short(error)) from error
    except (ResourceModifiedError, ResourceExistsError) as error:
        raise Precondition(_short(error)) from error
    except HttpResponseError as error:
        if error.status_code in (409, 412):
            raise Precondition(_short(error)) from error
        raise Unavailable(f"Storage refused the call: {_short(error)}") from error
    except AzureError as error:
        raise Unavailable(f"Storage cannot be reached: {_short(error)}. Try again in a moment.") from error


def _short(error: AzureError) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _block_id(number: int) -> str:
    return f"{number:08d}"  # the SDK base64-encodes it; all ids of one blob need one length
