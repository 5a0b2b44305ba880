"""The predictions of some business keys, read from those days and hours alone that the key index names.

What the index does not cover, as the log of before there was one, is read and entered into it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import orjson

from automl.lake import archive, key_days, rows
from automl.lake.delta import Table
from automl.lake.key_index import Found, Gathered, KeyIndex
from automl.lake.key_sources import key_text, keys_of
from automl.lake.mark import Mark
from automl.log.reader import lines, new_pieces
from automl.storage import LOG, Storage

Columns = Callable[[Any], Sequence[str]]
"""Chooses columns of a `pyarrow.Schema`."""


class ByKey:
    """A look for the predictions of some keys.

    Parameters
    ----------
    keys
        At least one.
    """

    def __init__(self, storage: Storage, model: str, mark: Mark, keys: Collection[str]) -> None:
        self._storage = storage
        self._model = model
        self._mark = mark
        self._keys = sorted(keys)
        self._texts = {orjson.dumps(key)[1:-1] for key in keys}
        self._index = KeyIndex(storage, model)
        self._hashes = np.unique(self._index.hashes.of(self._keys))
        self._known = self._index.days()

    def logged(self, since_hour: str = "") -> Iterator[list[bytes]]:
        """Lines of the log, all that have one of the keys among them.

        Parameters
        ----------
        since_hour
            `YYYY-MM-DD/HH`: earlier hours are not looked at.
        """
        first = archive.first_hour(self._mark, since_hour)
        days = [day for day in self._storage.folders(LOG, f"{self._model}/predictions/") if day >= first[:10]]
        found = self._index.look(self._known, days, self._hashes)
        covered = {self._blob(day, name): end for day, each in found.items() for name, end in each.covered.items()}
        passed = {
            self._blob(day, name): end
            for day, each in found.items()
            for name, end in each.covered.items()
            if name[:2] not in each.hours
        }
        reading, reached = Gathered(), ""
        for blob, end, data in new_pieces(self._storage, self._model, "predictions", passed, first):
            if (day := blob.split("/")[2]) != reached:
                self._enter(reading)
                reading, reached = Gathered(), day
            own = lines(data)
            if end > covered.get(blob, 0):
                reading.add(blob, end - len(data), end, self._index.hashes.of(keys_of(own)))
            yield [line for line in own if self._may_be(line)]
        self._enter(reading)

    def stored(self, since_hour: str = "", columns: Columns = lambda schema: list(schema.names)) -> Iterator[Any]:
        """The rows of the keys that are in the lake and no longer in the log, as `pyarrow.Table`s.

        Parameters
        ----------
        since_hour
            Days before its day are not looked at.
        """
        table = archive.open_kind(self._storage, self._model, "predictions", self._mark)
        if table is None:
            return
        import pyarrow as pa
        import pyarrow.compute as pc

        end = self._mark.kept_from
        there = {day: count for day, count in table.rows_by_day().items() if since_hour[:10] <= day < end}
        found = self._index.look(self._known, there, self._hashes)
        days = [date.fromisoformat(day) for day in sorted(there) if self._has(table, day, there[day], found[day])]
        if days:
            keys = pc.field("key").isin(pa.array(self._keys, pa.string()))
            where = pc.field(rows.DATE).isin(pa.array(days, pa.date32())) & keys
            yield from archive.scanned(table, where, columns(table.schema))

    def _has(self, table: Table, day: str, count: int, found: Found) -> bool:
        """Whether a day may have one of the keys. Its keys are read where the index was not made of these rows."""
        if found.table_rows == count:
            return bool(found.hours)
        return len(key_days.enter(self._index, table, day).of(self._hashes)) > 0

    def _enter(self, reading: Gathered) -> None:
        for day, part in reading.parts().items():
            self._index.add(day, part)

    def _may_be(self, line: bytes) -> bool:
        text = key_text(line)
        return text is not None and (text in self._texts or b"\\" in text)

    def _blob(self, day: str, name: str) -> str:
        return f"{self._model}/predictions/{day}/{name}"
