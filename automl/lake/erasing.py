"""Rows taken out of a Delta table for good: out of its present version, and out of storage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from automl.lake import delta
from automl.lake.delta import Table
from automl.lake.rows import DATE
from automl.storage import Storage

Wanted = Callable[[Any], Any]
"""Which rows of a `pyarrow.RecordBatch` are to go, as a boolean array; null counts as false."""


def find(storage: Storage, model: str, name: str, columns: Sequence[str], is_wanted: Wanted) -> dict[str, int]:
    """How many such rows a table has on each day, without the days that have none.

    Parameters
    ----------
    columns
        Those that `is_wanted` looks at.
    """
    table = delta.open_table(storage, model, name)
    days: Counter[str] = Counter()
    for batch in table.scan([DATE, *columns]) if table else ():
        days.update(str(day) for day in batch.filter(_filled(is_wanted(batch))).column(DATE).to_pylist())
    return dict(days)


def take_out(storage: Storage, model: str, name: str, days: Sequence[str], is_wanted: Wanted) -> None:
    """Take such rows out of some days. Raises Conflict when the table changes meanwhile.

    The data files that held them are removed at once, so who reads an older version of the table at this moment has
    to begin anew. Files that were written and not committed yet are no version's, and are left alone.
    """
    for day in days:
        if (table := delta.open_table(storage, model, name)) is not None:
            table.replace(day, _others(table, day, is_wanted))
    if (table := delta.open_table(storage, model, name)) is not None:
        table.vacuum_replaced()


def _others(table: Table, day: str, is_wanted: Wanted) -> Iterator[Any]:
    import pyarrow.compute as pc

    for batch in table.scan(where=pc.field(DATE) == date.fromisoformat(day)):
        yield batch.filter(pc.invert(_filled(is_wanted(batch))))


def _filled(mask: Any) -> Any:
    import pyarrow.compute as pc

    return pc.fill_null(mask, fill_value=False)
