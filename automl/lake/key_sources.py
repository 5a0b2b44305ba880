"""What the key index is made of: the keys in lines of the log, and in a day of the lake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from automl.lake.delta import Table
from automl.lake.key_hashes import KeyHashes
from automl.lake.key_index import Gathered
from automl.lake.key_part import Part, entries_of
from automl.lake.rows import DATE
from automl.log.reader import decode, lines, pieces_of_hours
from automl.log.records import KEY, KEY_MARK
from automl.storage import Storage


def keys_of(given: Sequence[bytes]) -> list[str]:
    """The business keys of some lines of the prediction log, line by line, without those that have none."""
    found: list[str] = []
    for line in given:
        text = key_text(line)
        if text is None:
            continue
        if b"\\" not in text:
            found.append(text.decode(errors="replace"))
        else:
            found += [record["key"] for record in decode([line])[0]]
    return found


def of_table(table: Table, day: str, hashes: KeyHashes) -> Part:
    """The key index of a day as the lake has it."""
    import pyarrow.compute as pc

    made, count = [np.empty(0, np.uint64)], 0
    for batch in table.scan(["key"], pc.field(DATE) == date.fromisoformat(day)):
        count += batch.num_rows
        made.append(entries_of(hashes.of(batch.column("key").drop_null().to_pylist()), 0))
    return Part(entries=np.unique(np.concatenate(made)), table_rows=count)


def of_hours(storage: Storage, model: str, hours: Iterable[str], hashes: KeyHashes) -> Part:
    """The key index of some hours of a day (`YYYY-MM-DD/HH`) as the log has them."""
    reading = Gathered()
    for blob, end, data in pieces_of_hours(storage, model, "predictions", hours):
        reading.add(blob, end - len(data), end, hashes.of(keys_of(lines(data))))
    return Part.joined(list(reading.parts().values()))


def key_text(line: bytes) -> bytes | None:
    """The key of a line as JSON writes it, without its quotes; only up to the first quote where that is escaped."""
    if line[KEY] != KEY_MARK:
        return None
    start = KEY.stop + 2
    return line[start : line.find(b'"', start)]
