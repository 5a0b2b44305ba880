"""One append blob after another, written by one thread at a time: where the bytes of one model's log go.

A blob has one writer for life, so its length is known without asking, and an append at a known position is either
applied once or refused. What a failed call leaves open is settled by the position alone:

- `Precondition`: the length is not what it was. If it is longer by just our block, an attempt whose answer was lost
  was applied and the SDK's retry of it refused; otherwise our block is not there and never will be.
- `Unavailable`: the attempt may still be on its way. One newline appended at the same position (blank lines mean
  nothing to readers) decides: once it is there, the block never can be; when it is refused, the block was applied.
  When even that cannot be asked, the outcome stays open and the caller is told that nothing was acknowledged.

A blob that met any of this is left alone afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from automl.errors import Unavailable
from automl.log import Kind
from automl.storage import LOG, Full, Missing, Precondition, Storage

BLOCK_BYTES = 4 * 2**20
"""Most bytes of one append, unless a single line is longer."""

BLOB_BYTES = 64 * 2**20
"""A blob this long is followed by another, so that a reader never has to hold more than this at once."""

_BLOBS_PER_BLOCK = 3
"""How many fresh blobs one block is offered to before storage counts as broken."""


class Lane:
    """The blobs of one model and kind, one after another.

    Parameters
    ----------
    fresh
        Names a new blob below a folder; never the same name twice, in this or any other process.
    """

    def __init__(self, storage: Storage, model: str, kind: Kind, fresh: Callable[[], str]) -> None:
        self._storage = storage
        self._root = f"{model}/{kind}"
        self._fresh = fresh
        self._hour = ""
        self._name: str | None = None
        self._length = 0

    def write(self, lines: bytes, hour: str) -> None:
        """Store whole lines, below the folder of an hour (`YYYY-MM-DD/HH`).

        Raises
        ------
        Unavailable
            The lines may be there, in part or whole, but nobody vouches for them.
        """
        if hour != self._hour or self._length >= BLOB_BYTES:
            self._hour, self._name = hour, None
        for block in blocks(lines):
            self._store(block)

    def _store(self, block: bytes) -> None:
        for _ in range(_BLOBS_PER_BLOCK):
            if self._name is None:
                self._name, self._length = f"{self._root}/{self._hour}/{self._fresh()}.jsonl", 0
            name, at = self._name, self._length
            try:
                self._length = self._storage.append(LOG, name, block, at=at)
            except (Full, Missing):
                self._name = None
            except Precondition:
                self._name = None
                if self._storage.size(LOG, name) == at + len(block):
                    return
            except Unavailable:
                self._name = None
                if self._settled(name, at, len(block)):
                    return
            else:
                return
        raise Unavailable(f"{_BLOBS_PER_BLOCK} new log blobs in a row refused a block of {self._root}.")

    def _settled(self, name: str, at: int, size: int) -> bool:
        """Whether a block whose append failed is in the blob; if not, it never will be. Raises Unavailable."""
        try:
            self._storage.append(LOG, name, b"\n", at=at)
        except Precondition:
            return self._storage.size(LOG, name) == at + size
        except (Full, Missing):
            return False
        return False


def blocks(lines: bytes) -> Iterator[bytes]:
    """Cut whole lines into blocks of at most `BLOCK_BYTES`; a longer line is a block of its own.

    A line is never cut: were its halves to meet different blobs, an acknowledged record would be lost.

    >>> [len(block) for block in blocks(b"x" * 2**22 + b"\\n" + b"y\\n" * 5)]
    [4194305, 10]
    """
    start = 0
    while start < len(lines):
        end = lines.rfind(b"\n", start, start + BLOCK_BYTES) + 1 if len(lines) - start > BLOCK_BYTES else len(lines)
        if end <= start:
            end = lines.index(b"\n", start) + 1
        yield lines[start:end]
        start = end
