"""The key index: on which days and in which hours the predictions of a business key were logged.

Each day has parts (`key_part`), blobs that never change. Who reads predictions adds a part, who finds many puts them
together. Nobody waits for anybody, since a part that is there twice, or gone, or was never written costs reading
alone (docs/decisions/044).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2s

from automl.lake.key_hashes import Hashes, KeyHashes
from automl.lake.key_part import Part, Piece, entries_of, hours_of
from automl.storage import CONTROL, Missing, Storage

MANY_PARTS = 16
"""Parts of the current day that are put together before the day is over."""

_AT_ONCE = 8
"""Days that are read at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the index knows of some keys on one day.

    Parameters
    ----------
    hours
        Hours of the log that may have one of the keys, two digits each; `00` also stands for a day of the lake.
    covered
        How many bytes of each blob of the day, by its name from the hour on, were read for this.
    table_rows
        How many rows the day had in the lake where they were read for this; None where they were not.
    """

    hours: frozenset[str] = frozenset()
    covered: Mapping[str, int]
    table_rows: int | None = None


class KeyIndex:
    """The key index of one model."""

    def __init__(self, storage: Storage, model: str) -> None:
        self._storage = storage
        self._root = _root(model)
        self.hashes = KeyHashes.load(storage, model)

    def days(self) -> dict[str, list[str]]:
        """The blobs of each day (`YYYY-MM-DD`), by one listing."""
        found: dict[str, list[str]] = {}
        for info in self._storage.find(CONTROL, self._root):
            found.setdefault(_day(info.name), []).append(info.name)
        return found

    def look(self, known: Mapping[str, Sequence[str]], days: Iterable[str], hashes: Hashes) -> dict[str, Found]:
        """What is known of some hashes, which are sorted, on some days; those that are over become one part each.

        Parameters
        ----------
        known
            What `days` gave.
        """
        newest = max(known, default="")

        def of_day(day: str) -> Found:
            blobs = known.get(day, ())
            part = self._whole(day, blobs) if day < newest else self.read(blobs)
            hours = (f"{hour:02}" for hour in hours_of(part.of(hashes)).tolist())
            return Found(hours=frozenset(hours), covered=part.covered, table_rows=part.table_rows)

        wanted = list(days)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="keys") as pool:
            return dict(zip(wanted, pool.map(of_day, wanted), strict=True))

    def day(self, day: str) -> Part:
        """All parts of a day as one, whoever puts them together meanwhile."""
        while True:
            try:
                parts = [self._load(blob) for blob in self._of_day(day)]
            except Missing:
                continue  # put together with others since they were listed
            return Part.joined([part for part in parts if part is not None])

    def read(self, blobs: Iterable[str]) -> Part:
        """Some parts of a day as one, without those that are gone."""
        found: list[Part] = []
        for blob in blobs:
            with suppress(Missing):  # put together with others since it was listed
                found += [part] if (part := self._load(blob)) is not None else []
        return Part.joined(found)

    def add(self, day: str, part: Part) -> None:
        """Store a part of a day, and put parts together where they have become many, or where a day begins."""
        there = self._of_day(day)
        if not there:
            before = f"{date.fromisoformat(day) - timedelta(days=1)}"
            self._whole(before, self._of_day(before))
        stored = self._put(day, part)
        if len({*there, stored}) > MANY_PARTS:
            self._whole(day, [*there, stored])

    def replace(self, day: str, part: Part) -> None:
        """Have this part of a day, and no other."""
        there = self._of_day(day)
        stored = self._put(day, part) if part.pieces or part.table_rows else ""
        for blob in there:
            if blob != stored:
                self._storage.delete(CONTROL, blob)

    def _whole(self, day: str, blobs: Sequence[str]) -> Part:
        """The parts of a day as one, stored as one, too."""
        part = self.read(blobs)
        if len(blobs) > 1:
            stored = self._put(day, part)
            for blob in blobs:
                if blob != stored:
                    self._storage.delete(CONTROL, blob)
        return part

    def _of_day(self, day: str) -> list[str]:
        return [info.name for info in self._storage.find(CONTROL, f"{self._root}{day}/")]

    def _put(self, day: str, part: Part) -> str:
        """Store a part under a name that follows from it: who does so again after a crash makes no other."""
        body = part.to_bytes(self.hashes.check)
        blob = f"{self._root}{day}/{blake2s(body, digest_size=8).hexdigest()}"
        self._storage.put(CONTROL, blob, body)
        return blob

    def _load(self, blob: str) -> Part | None:
        """A part; None where it was made of other hashes. Raises Missing."""
        found = self._storage.get(CONTROL, blob)
        assert found is not None  # noqa: S101  (no ETag was given)
        return Part.from_bytes(found.data, self.hashes.check)


class Gathered:
    """What somebody reads of the prediction log, gathered for the index day by day."""

    def __init__(self) -> None:
        self._parts: dict[str, list[Part]] = {}

    def add(self, blob: str, start: int, end: int, hashes: Hashes) -> None:
        """Take the keys of some bytes of a log blob."""
        day, name = blob.split("/", 3)[2:]
        part = Part(entries=entries_of(hashes, int(name[:2])), pieces=(Piece(name, start, end),))
        self._parts.setdefault(day, []).append(part)

    def parts(self) -> dict[str, Part]:
        """What was read of each day."""
        return {day: Part.joined(parts) for day, parts in self._parts.items()}


def remove_before(storage: Storage, model: str, day: str) -> None:
    """Remove what the index has of the days before one (`YYYY-MM-DD`)."""
    for info in list(storage.find(CONTROL, _root(model))):
        if _day(info.name) < day:
            storage.delete(CONTROL, info.name)


def _root(model: str) -> str:
    return f"{model}/keys/"


def _day(blob: str) -> str:
    return blob.split("/")[2]
