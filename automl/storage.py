"""What this project asks of storage: blobs, a queue, and the errors they fail with.

Every write that matters is conditional. A conditional write whose answer was lost is retried by the SDK and then
fails with 412 or 409 although it was applied, so callers that must know re-read and compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from automl.account import Tables
from automl.errors import EvergreenError

RAW, CONTROL, LOG, MODELS, LAKE = "raw", "control", "log", "models", "lake"
SERVED = (RAW, CONTROL, LOG, MODELS)
"""The containers that every role may read."""

CONTAINERS = (*SERVED, LAKE)
APPEND_BLOCKS = 50_000
"""Most blocks of one append blob (Azure's limit)."""


class Missing(EvergreenError):
    """There is no such blob."""


class Precondition(EvergreenError):
    """The blob is not in the state the conditional write asked for."""


class Oversized(EvergreenError):
    """A blob is larger than the reader takes."""


class Full(EvergreenError):
    """An append blob has all the blocks it can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """The bytes of a blob and the ETag they were read with."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobInfo:
    """What a listing tells of a blob, without its bytes."""

    name: str
    size: int
    etag: str
    modified: datetime


class Storage(Protocol):
    """Blobs in five containers and one queue, as the rest of the system sees them."""

    def get(self, container: str, name: str, *, unless: str | None = None, at_most: int | None = None) -> Blob | None:
        """The whole blob; None when its ETag is still `unless`. Raises Missing.

        Of more than `at_most` bytes no more than the first 32 MiB are read. Raises Oversized.
        """

    def get_from(self, container: str, name: str, offset: int, length: int | None = None) -> bytes:
        """The bytes from `offset` on, `length` of them or all, empty at or past the end. Raises Missing."""

    def put(
        self, container: str, name: str, data: bytes, *, if_match: str | None = None, create: bool = False
    ) -> str:
        """Write a blob, returning its ETag. With `if_match` or `create` raises Precondition when it does not hold."""

    def stage(self, container: str, name: str, number: int, data: bytes) -> None:
        """Upload block `number` of a blob that `commit` will put together."""

    def staged(self, container: str, name: str) -> dict[int, int]:
        """Sizes in bytes of the staged blocks that nothing has committed yet, by their numbers."""

    def commit(self, container: str, name: str, count: int) -> str:
        """Make a blob of the staged blocks 0..count-1. Raises Missing when one of them is not there."""

    def append(self, container: str, name: str, data: bytes, *, at: int) -> int:
        """Append one block at position `at` (creating the blob at 0), returning the new length.

        Raises Precondition when the blob's length is not `at`, Full when it takes no more blocks.
        """

    def size(self, container: str, name: str) -> int:
        """Length of a blob in bytes. Raises Missing."""

    def find(self, container: str, prefix: str = "") -> Iterator[BlobInfo]:
        """Blobs whose name starts with `prefix`, in the order of their names."""

    def folders(self, container: str, prefix: str = "") -> list[str]:
        """The path segments that follow `prefix` and have names below them, each once, sorted."""

    def delete(self, container: str, name: str) -> None:
        """Remove a blob; removing what is not there is no error."""

    def send(self, queue: str, text: str) -> None:
        """Put a message on a queue."""

    def tables(self) -> Tables:
        """Where this account's Delta tables are, and how they are opened."""


def oversized(container: str, name: str, size: int, at_most: int) -> str:
    """The message of `Oversized`."""
    return f"{container}/{name} has {size} bytes, at most {at_most} are read."
