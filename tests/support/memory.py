"""A storage account in memory: the real contract, run by the same conformance suite as Azurite."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from automl.account import Tables
from automl.storage import APPEND_BLOCKS, LAKE, Blob, BlobInfo, Full, Missing, Oversized, Precondition, oversized


@dataclass
class _Stored:
    data: bytes
    etag: str
    modified: datetime
    blocks: int = 1


@dataclass
class MemoryStorage:
    """Implements `automl.storage.Storage` over dictionaries, safe between threads.

    `before`, when set, is called with the name of the operation, container and blob before each one,
    and may raise: a fault at any chosen I/O. `now` is the clock that blobs are dated by.
    """

    before: Callable[[str, str, str], None] = field(default=lambda *_: None)
    queues: dict[str, list[str]] = field(default_factory=dict)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._blobs: dict[tuple[str, str], _Stored] = {}
        self._staged: dict[tuple[str, str], dict[int, bytes]] = {}
        self._counter = itertools.count(1)
        self._folder = ""

    def get(self, container: str, name: str, *, unless: str | None = None, at_most: int | None = None) -> Blob | None:
        self.before("get", container, name)
        with self._lock:
            stored = self._find(container, name)
            if at_most is not None and len(stored.data) > at_most and stored.etag != unless:
                raise Oversized(oversized(container, name, len(stored.data), at_most))
            return None if stored.etag == unless else Blob(data=stored.data, etag=stored.etag)

    def get_from(self, container: str, name: str, offset: int, length: int | None = None) -> bytes:
        self.before("get_from", container, name)
        with self._lock:
            return self._find(container, name).data[offset : None if length is None else offset + length]

    def put(
        self, container: str, name: str, data: bytes, *, if_match: str | None = None, create: bool = False
    ) -> str:
        self.before("put", container, name)
        with self._lock:
            present = self._blobs.get((container, name))
            if create and present is not None:
                raise Precondition(f"{container}/{name} is there already")
            if if_match is not None and (present is None or present.etag != if_match):
                raise Precondition(f"{container}/{name} has another ETag")
            return self._store(container, name, data)

    def stage(self, container: str, name: str, number: int, data: bytes) -> None:
        self.before("stage", container, name)
        with self._lock:
            self._staged.setdefault((container, name), {})[number] = data

    def staged(self, container: str, name: str) -> dict[int, int]:
        self.before("staged", container, name)
        with self._lock:
            return {number: len(data) for number, data in self._staged.get((container, name), {}).items()}

    def commit(self, container: str, name: str, count: int) -> str:
        self.before("commit", container, name)
        with self._lock:
            staged = self._staged.get((container, name), {})
            if any(number not in staged for number in range(count)):
                raise Missing(f"a block of {container}/{name}")
            self._staged.pop((container, name), None)
            return self._store(container, name, b"".join(staged[number] for number in range(count)))

    def append(self, container: str, name: str, data: bytes, *, at: int) -> int:
        self.before("append", container, name)
        with self._lock:
            present = self._blobs.get((container, name))
            length = len(present.data) if present else 0
            if length != at:
                raise Precondition(f"{container}/{name} is {length} bytes long, not {at}")
            blocks = present.blocks + 1 if present else 1
            if blocks > APPEND_BLOCKS:
                raise Full(f"{container}/{name}")
            self._store(container, name, (present.data if present else b"") + data)
            self._blobs[container, name].blocks = blocks
            return at + len(data)

    def size(self, container: str, name: str) -> int:
        self.before("size", container, name)
        with self._lock:
            return len(self._find(container, name).data)

    def find(self, container: str, prefix: str = "") -> Iterator[BlobInfo]:
        self.before("list", container, prefix)
        with self._lock:
            found = sorted((key[1], value) for key, value in self._blobs.items() if key[0] == container)
            infos = [
                BlobInfo(name=name, size=len(item.data), etag=item.etag, modified=item.modified)
                for name, item in found
                if name.startswith(prefix)
            ]
        yield from infos

    def folders(self, container: str, prefix: str = "") -> list[str]:
        names = [info.name[len(prefix) :] for info in self.find(container, prefix)]
        return sorted({name.split("/", 1)[0] for name in names if "/" in name})

    def delete(self, container: str, name: str) -> None:
        self.before("delete", container, name)
        with self._lock:
            self._blobs.pop((container, name), None)

    def send(self, queue: str, text: str) -> None:
        self.before("send", queue, text)
        with self._lock:
            self.queues.setdefault(queue, []).append(text)

    def tables(self) -> Tables:
        """Delta tables in a folder that goes away with this object: delta-rs keeps its files itself."""
        self.before("tables", LAKE, "")
        with self._lock:
            if not self._folder:
                self._folder = tempfile.mkdtemp(prefix="lake-")
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return Tables(root=self._folder, options={})

    def _find(self, container: str, name: str) -> _Stored:
        stored = self._blobs.get((container, name))
        if stored is None:
            raise Missing(f"{container}/{name}")
        return stored

    def _store(self, container: str, name: str, data: bytes) -> str:
        etag = f'"{next(self._counter):#x}"'
        self._blobs[container, name] = _Stored(bytes(data), etag, self.now())
        return etag
