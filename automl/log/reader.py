"""What is new in a log: whole lines only, hour by hour, by the offsets of the last pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from automl.log import Kind
from automl.storage import LOG, BlobInfo, Missing, Storage

PIECE_BYTES = 8 * 2**20
"""How much of a blob is held at once: what is made of its lines takes many times as much."""


def new_pieces(
    storage: Storage, model: str, kind: Kind, offsets: Mapping[str, int], since_hour: str = ""
) -> Iterator[tuple[str, int, bytes]]:
    """Whole lines behind the offsets, piece by piece in the order of their hours.

    Parameters
    ----------
    offsets
        Bytes of each blob that were read before; a blob that is not named is read from its start.
    since_hour
        `YYYY-MM-DD/HH`: earlier hours are not looked at.

    Yields
    ------
    tuple
        The blob's name, the offset to remember, and new lines, of at most about `PIECE_BYTES`: a long blob comes in
        several. Half a last line stays for the next pass. Blank lines mean nothing (`lane`).
    """
    root = f"{model}/{kind}/"
    for day in storage.folders(LOG, root):
        if day >= since_hour[:10]:
            found = (info for info in storage.find(LOG, f"{root}{day}/") if _hour(info) >= since_hour)
            yield from _read(storage, found, offsets)


def new_lines(
    storage: Storage, model: str, kind: Kind, offsets: Mapping[str, int], since_hour: str = ""
) -> Iterator[tuple[str, int, list[bytes]]]:
    """`new_pieces` as lines without their ends, but for blank ones."""
    for name, end, data in new_pieces(storage, model, kind, offsets, since_hour):
        yield name, end, lines(data)


def lines_of_hours(storage: Storage, model: str, kind: Kind, hours: Iterable[str]) -> Iterator[list[bytes]]:
    """Whole lines of the blobs of some hours (`YYYY-MM-DD/HH`), piece by piece."""
    for _, _, data in pieces_of_hours(storage, model, kind, hours):
        yield lines(data)


def pieces_of_hours(
    storage: Storage, model: str, kind: Kind, hours: Iterable[str]
) -> Iterator[tuple[str, int, bytes]]:
    """What `new_pieces` yields of some hours (`YYYY-MM-DD/HH`) when nothing was read before."""
    days: dict[str, set[str]] = {}
    for hour in hours:
        days.setdefault(hour[:10], set()).add(hour)
    for day in sorted(days):
        found = (info for info in storage.find(LOG, f"{model}/{kind}/{day}/") if _hour(info) in days[day])
        yield from _read(storage, found, {})


def lines(data: bytes) -> list[bytes]:
    """The lines of a piece without their ends, but for blank ones."""
    return [line for line in data.split(b"\n") if line]


def decode(given: Iterable[bytes]) -> tuple[list[dict[str, Any]], int]:
    """The records of some lines, and how many lines were torn or are no record at all.

    >>> decode([b'{"id":"a"}', b'{"id":"b","fea'])
    ([{'id': 'a'}], 1)
    """
    records: list[dict[str, Any]] = []
    torn = 0
    for line in given:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = None
        if isinstance(record, dict):
            records.append(record)
        else:
            torn += 1
    return records, torn


def hour_of(moment: datetime, *, shift: int = 0) -> str:
    """The folder of a UTC moment, or of one so many hours later.

    >>> from datetime import UTC
    >>> hour_of(datetime(2026, 11, 20, 23, 59, tzinfo=UTC), shift=1)
    '2026-11-21/00'
    """
    return f"{moment + timedelta(hours=shift):%Y-%m-%d/%H}"


def _read(
    storage: Storage, found: Iterable[BlobInfo], offsets: Mapping[str, int]
) -> Iterator[tuple[str, int, bytes]]:
    for info in found:
        start, length = offsets.get(info.name, 0), PIECE_BYTES
        while start < info.size:
            try:
                data = storage.get_from(LOG, info.name, start, length)
            except Missing:
                break  # removed since it was listed
            end = data.rfind(b"\n") + 1
            if end:
                yield info.name, start + end, data[:end]
                start, length = start + end, PIECE_BYTES
            elif start + len(data) < info.size:
                length *= 2  # a line longer than this piece
            else:
                break


def _hour(info: BlobInfo) -> str:
    """The `YYYY-MM-DD/HH` in a blob's name."""
    day, hour, _ = info.name.rsplit("/", 2)
    return f"{day[-10:]}/{hour}"
