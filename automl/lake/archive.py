"""The records of a model's days that are in the lake and no longer in the log.

While no day was ever removed from the log, nothing is loaded and nothing is found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from automl.lake import delta, rows
from automl.lake.delta import Table
from automl.lake.features import Layout
from automl.lake.mark import Mark
from automl.log import Kind, ids
from automl.storage import Storage


def first_hour(mark: Mark, since_hour: str = "") -> str:
    """The first hour to read from the log, when hours from `since_hour` on are wanted."""
    return max(since_hour, f"{mark.kept_from}/00") if mark.kept_from else since_hour


def truths(storage: Storage, model: str, mark: Mark, since_hour: str = "") -> Iterator[list[dict[str, Any]]]:
    """Truth records that came in an hour or later, in any order."""
    for part in truth_rows(storage, model, mark, since_hour):
        yield rows.records("truth", part, Layout(part.schema))


def records(parts: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Predictions as records of the log."""
    for part in parts:
        yield from rows.records("predictions", part, Layout(part.schema))


def truth_rows(storage: Storage, model: str, mark: Mark, since_hour: str = "") -> Iterator[Any]:
    """`truths` as `pyarrow.Table`s."""
    table = open_kind(storage, model, "truth", mark)
    if table is not None:
        yield from scanned(table, _between(since_hour[:10], mark.kept_from))


def prediction_rows(storage: Storage, model: str, mark: Mark, by_id: Collection[str]) -> Iterator[Any]:
    """The predictions that have one of the ids, as `pyarrow.Table`s. Only the days that the ids point to are read."""
    table = open_kind(storage, model, "predictions", mark) if by_id else None
    if table is None:
        return
    import pyarrow as pa
    import pyarrow.compute as pc

    made = [ids.made_at(text) for text in by_id]
    # a record is written after its id is made, and not always on the same day
    near = _between(_day(min(made), -1), _day(max(made), 2))
    wanted = near & pc.field("id").isin(pa.array(list(by_id), pa.string()))
    yield from scanned(table, _between("", mark.kept_from) & wanted)


def everything(storage: Storage, model: str, mark: Mark) -> Iterator[Any]:
    """All predictions, as `pyarrow.Table`s."""
    table = open_kind(storage, model, "predictions", mark)
    if table is not None:
        yield from scanned(table, _between("", mark.kept_from))


def open_kind(storage: Storage, model: str, kind: Kind, mark: Mark) -> Table | None:
    """The table of a log; None while no day was ever removed from that."""
    if not mark.kept_from:
        return None
    return delta.open_table(storage, model, kind)


def scanned(table: Table, where: Any, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Some rows of a table as `pyarrow.Table`s, with all columns or some."""
    import pyarrow as pa

    schema = table.schema if columns is None else pa.schema([table.schema.field(name) for name in columns])
    for part in table.scan(columns, where=where):
        if part.num_rows:
            yield pa.Table.from_batches([part]).cast(schema)  # whose fields say what they hold


def _between(first: str, end: str) -> Any:
    """Rows of the days from one to before another; an empty text means no bound."""
    import pyarrow.compute as pc

    where = pc.field(rows.DATE) < date.fromisoformat(end)
    return where & (pc.field(rows.DATE) >= date.fromisoformat(first)) if first else where


def _day(ms: int, shift: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC) + timedelta(days=shift):%Y-%m-%d}"
