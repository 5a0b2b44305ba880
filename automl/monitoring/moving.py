"""Log lines into the lake, each once: batch by batch, from where the last batch of the table ended.

Where that was is in the table itself, so nothing that happens to a pass, and no second pass beside it, moves a line
twice or leaves one out. A line that is in the log twice is one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from automl.errors import Conflict
from automl.lake import delta, rows
from automl.lake.delta import Position, Table
from automl.lake.features import Layout
from automl.lake.lines import Lines
from automl.log import Kind
from automl.log.reader import hour_of, new_pieces
from automl.monitoring.ingest import BEGUN, CLOSED_AFTER_HOURS, Read, hour_in
from automl.storage import Storage

BATCH_BYTES = 16 * 2**20
"""Bytes of log after which a batch ends: as many as a pass can hold twice with ease."""

ATTEMPTS = 5
"""How often a batch is tried while other passes change the table."""

_IDENTITY: Mapping[Kind, Sequence[str]] = {
    "predictions": ("id", "version", "role"),
    "truth": ("id", "key", "truth", "truth_number", "at", "received"),
}
"""Columns by which two lines are the same line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Rows (`pyarrow.Table`) that follow a position, and the position behind them."""

    rows: Any
    reached: Position


def move(storage: Storage, model: str, kind: Kind, now: datetime, table: Table | None = None) -> Table | None:
    """Bring the table of a log up to date: afterwards it has every hour that is over. There is none while nothing was
    logged.

    Parameters
    ----------
    table
        The table as this pass has opened it before, which saves opening it. What others have added since is noticed
        by whoever adds to it.

    Raises
    ------
    Unavailable
        The lake cannot be reached. What was moved so far stays moved.
    Conflict
        Other passes kept changing the table.
    """
    for tries in range(1, ATTEMPTS + 1):
        table = table or delta.open_table(storage, model, kind)
        try:
            return _move(storage, model, kind, table, now=now)
        except Conflict:
            if tries == ATTEMPTS:
                raise
            table = None  # what the other pass has moved is seen when the table is opened again
    raise AssertionError("the last try returns or raises")


def add(
    storage: Storage, model: str, kind: Kind, read: Read, *, moved: Mapping[str, Any], table: Table | None = None
) -> Table | None:
    """Add rows that a pass has read to the table of their log, where that has all before them; else leave them to
    `move`. The table is returned as far as there is one.

    Parameters
    ----------
    moved
        The monitor's place up to which all was seen to be in the lake (`Mark.moved`). A table's own position stays
        behind it while its log has nothing new.
    table
        As in `move`.

    Raises
    ------
    Unavailable
        The lake cannot be reached.
    Conflict
        Another pass has changed the table.
    """
    table = table or delta.open_table(storage, model, kind)
    before = table.position() if table else Position(offsets={})
    after, reached = (_place(model, kind, place) for place in (read.after, read.reached))
    is_moved = bool(before.since_hour) and read.after == moved
    if not (is_moved or _covers(before, after)) or not sum(map(len, read.rows)):
        return table
    table = table or delta.create_table(storage, model, kind, rows.schema(kind))
    layout, since = Layout(table.schema), max(before.since_hour, reached.since_hour)
    ends = {
        name: max(end, before.offsets.get(name, 0))
        for name, end in {**before.offsets, **reached.offsets}.items()
        if hour_in(name) >= since
    }
    batch = _joined(kind, [layout.named(each) for each in read.rows])
    table.append(_new_to(table, kind, batch), Position(since_hour=since, offsets=ends))
    return table


def _place(model: str, kind: Kind, place: Mapping[str, Any]) -> Position:
    """The monitor's place in one of the logs."""
    own = {name: end for name, end in place["offsets"].items() if name.startswith(f"{model}/{kind}/")}
    return Position(since_hour=place["since_hour"], offsets=own)


def _covers(one: Position, other: Position) -> bool:
    """Whether all of a log up to another position is in the table, too."""
    return max(one.since_hour, BEGUN) >= other.since_hour and all(
        hour_in(name) < one.since_hour or one.offsets.get(name, 0) >= end for name, end in other.offsets.items()
    )


def _move(storage: Storage, model: str, kind: Kind, table: Table | None, *, now: datetime) -> Table | None:
    """Move what is behind the table's position; while a batch is written, the next is read."""
    position = table.position() if table else Position(offsets={})
    layout = Layout(table.schema if table else rows.schema(kind))
    writing: Future[None] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="lake") as writer:
        while (batch := _next(storage, model, kind, position, layout, now=now)) is not None:
            if writing is not None:
                writing.result()
            table = table or delta.create_table(storage, model, kind, rows.schema(kind))
            writing = writer.submit(_append, table, kind, batch)
            position = batch.reached
        if writing is not None:
            writing.result()
    return table


def _append(table: Table, kind: Kind, batch: _Batch) -> None:
    table.append(_new_to(table, kind, batch.rows), batch.reached)


def _next(
    storage: Storage, model: str, kind: Kind, after: Position, layout: Layout, *, now: datetime
) -> _Batch | None:
    """The batch behind a position; None when there is nothing new."""
    found, reader = list[Any](), Lines(kind, layout)
    offsets, read = dict(after.offsets), 0
    for name, end, data in new_pieces(storage, model, kind, after.offsets, after.since_hour):
        found.append(reader.table(data, hour_in(name)[:10])[0])
        read += end - offsets.get(name, 0)
        offsets[name] = end
        if read >= BATCH_BYTES:
            return _Batch(rows=_joined(kind, found), reached=Position(since_hour=after.since_hour, offsets=offsets))
    if not read:
        return None
    since = max(after.since_hour, hour_of(now, shift=-CLOSED_AFTER_HOURS))
    kept = {name: end for name, end in offsets.items() if hour_in(name) >= since}
    return _Batch(rows=_joined(kind, found), reached=Position(since_hour=since, offsets=kept))


def _joined(kind: Kind, tables: Sequence[Any]) -> Any:
    import pyarrow as pa

    return pa.concat_tables([rows.schema(kind).empty_table(), *tables], promote_options="default")


def _new_to(table: Table, kind: Kind, batch: Any) -> Any:
    """The rows of a batch that the table lacks, each once. Only files whose range overlaps theirs are read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(batch):
        return batch
    ordered = rows.ORDERED[kind]
    ends = pc.min_max(batch.column(ordered)).as_py()
    names = list(_IDENTITY[kind])
    known = table.scan_between(ordered, ends["min"], ends["max"], names)
    there = pa.concat_arrays([pa.array([], pa.string()), *(_identity(part) for part in known)])
    own = _identity(batch.select(names).combine_chunks().to_batches()[0])
    firsts = pa.table({"own": own, "place": pa.array(range(len(own)))}).group_by("own").aggregate([("place", "min")])
    places = firsts.filter(pc.invert(pc.is_in(firsts["own"], there)))["place_min"]
    return batch if len(places) == len(batch) else batch.take(places.sort())


def _identity(part: Any) -> Any:
    """One string a row of a `pyarrow.RecordBatch`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [
        (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).cast(pa.string())
        for column in part.columns
    ]
    return pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00")
