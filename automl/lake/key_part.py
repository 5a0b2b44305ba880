"""A part of the key index: the hashes of the keys that were predicted on one day, and what they were read from.

It says itself which bytes of which log blobs it covers, or how many rows of the lake's day. So a part that is missing
is never an error: what no part covers is read, and nothing is taken for read that was not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from automl.lake.key_hashes import BITS, Hashes

FORMAT = 2
"""Version of a part. Another one is passed over, and what it covered is read again."""

ENTRY_BYTES = BITS // 8 + 1
"""Bytes of one entry: the hash, and the hour of the day in the lowest byte."""

_HOUR, _BYTE = np.uint64(8), np.uint64(255)


class Piece(NamedTuple):
    """Bytes of a log blob, whose name is given from the hour on."""

    blob: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Keys of a day.

    Parameters
    ----------
    entries
        Each hash with the hour of the log that has it, in the form of `entries_of`, sorted, each once [N].
    pieces
        What of the log they are of.
    table_rows
        Where they are of the day in the lake: how many rows that had. Their hours are 0.
    """

    entries: Hashes
    pieces: tuple[Piece, ...] = ()
    table_rows: int | None = None

    @property
    def covered(self) -> dict[str, int]:
        """How many bytes of each blob are covered from its start on."""
        ends: dict[str, int] = {}
        for piece in self.pieces:
            if piece.start <= ends.get(piece.blob, 0):
                ends[piece.blob] = max(piece.end, ends.get(piece.blob, 0))
        return ends

    def of(self, hashes: Hashes) -> Hashes:
        """The entries that have one of some hashes, which are sorted."""
        if not len(hashes):
            return self.entries[:0]
        own = self.entries >> _HOUR
        places = np.minimum(np.searchsorted(hashes, own), len(hashes) - 1)
        chosen: Hashes = self.entries[hashes[places] == own]
        return chosen

    def without(self, hours: Collection[str]) -> Part:
        """Without some hours of the log, two digits each."""
        gone = np.array([int(hour) for hour in hours], np.uint64)
        pieces = tuple(piece for piece in self.pieces if piece.blob[:2] not in hours)
        return Part(entries=self.entries[~np.isin(self.entries & _BYTE, gone)], pieces=pieces)

    def to_bytes(self, check: str) -> bytes:
        """As it is stored, with the `KeyHashes.check` of its hashes: a line of JSON, then the entries."""
        head = {"format": FORMAT, "check": check, "table_rows": self.table_rows, "pieces": self.pieces}
        stored = self.entries.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :ENTRY_BYTES]
        return orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE, default=list) + stored.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, check: str) -> Part | None:
        """What `to_bytes` made; None where it was made by another release, or of other hashes."""
        line, _, stored = data.partition(b"\n")
        head: dict[str, Any] = orjson.loads(line)
        if (head.get("format"), head.get("check")) != (FORMAT, check):
            return None
        entries = np.zeros((len(stored) // ENTRY_BYTES, 8), np.uint8)
        entries[:, :ENTRY_BYTES] = np.frombuffer(stored, np.uint8).reshape(-1, ENTRY_BYTES)
        return cls(
            entries=entries.view("<u8").ravel().astype(np.uint64),
            pieces=tuple(Piece(*piece) for piece in head["pieces"]),
            table_rows=head["table_rows"],
        )

    @classmethod
    def joined(cls, parts: Sequence[Part]) -> Part:
        """Parts of one day as one."""
        if len(parts) == 1:
            return parts[0]
        counts = [part.table_rows for part in parts if part.table_rows is not None]
        return cls(
            entries=np.unique(np.concatenate([np.empty(0, np.uint64), *(part.entries for part in parts)])),
            pieces=_joined(piece for part in parts for piece in part.pieces),
            table_rows=counts[0] if len(set(counts)) == 1 else None,
        )


def entries_of(hashes: Hashes, hour: int) -> Hashes:
    """Hashes of one hour of the day as entries, sorted, each once."""
    return np.unique(hashes) << _HOUR | np.uint64(hour)


def hours_of(entries: Hashes) -> npt.NDArray[np.uint64]:
    """The hours of entries, each once."""
    return np.unique(entries & _BYTE)


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Pieces put together where they touch or overlap, in the order of blobs and bytes."""
    found: list[Piece] = []
    for piece in sorted(pieces):
        last = found[-1] if found else None
        if last is None or last.blob != piece.blob or piece.start > last.end:
            found.append(piece)
        elif piece.end > last.end:
            found[-1] = last._replace(end=piece.end)
    return tuple(found)
