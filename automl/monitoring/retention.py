"""How long what is stored of a model stays, as its spec says (`keep`); done once a day, and again where it broke off.

Days are UTC days of the log. Tables lose what is due at once for every reader; the data files that held it go with
the next vacuum, and the log's own days as `tending` has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from automl.lake import datasets, delta, erasing, key_index, rows
from automl.lake import mark as marks
from automl.lake.delta import Table
from automl.lake.features import LOGGED, Layout
from automl.lake.mark import Mark
from automl.monitoring import labels
from automl.monitoring.ledger import Ledger
from automl.monitoring.state import State
from automl.monitoring.tending import remove_days
from automl.settings import LakeMode
from automl.spec_sections import Keep
from automl.storage import Storage


def log_days(keep: Keep, most: int) -> int:
    """How many days the log stays beside the lake: no longer than the lake may hold the same."""
    return min(days for days in (most, keep.days, keep.features_days) if days is not None)


def expire(storage: Storage, model: str, mark: Mark, keep: Keep, now: datetime, *, lake: LakeMode) -> None:
    """Remove predictions and truth that are due, and empty the features of older predictions.

    Without a lake the log is all there is, and its lines are never changed: its days go whole, with the features.

    Raises
    ------
    Conflict, Unavailable
        A table changes meanwhile, or cannot be reached: what is left is due at the next pass.
    """
    if keep.days is not None:
        for name in ("predictions", "truth"):
            _remove(storage, model, name, before=_day(now, keep.days))
        key_index.remove_before(storage, model, _day(now, keep.days))
    if keep.features_days is not None:
        _empty(storage, model, mark, before=_day(now, keep.features_days))
    limits = [days for days in (keep.days, keep.features_days) if days is not None]
    if lake == "off" and limits:
        remove_days(storage, model, before=_day(now, min(limits)))
        key_index.remove_before(storage, model, _day(now, min(limits)))
    elif limits:
        _forget(storage, model, before=_day(now, min(limits)))


def prune(state: State, ledger: Ledger, keep: Keep, now: datetime) -> None:
    """Drop from the monitor's own memory what is due there: labelled rows by their hours, and truths that wait."""
    hours = labels.KEEP_HOURS if keep.days is None else min(labels.KEEP_HOURS, 24 * keep.days)
    labels.prune(state, ledger, f"{now - timedelta(hours=hours):%Y-%m-%d/%H}")
    if keep.days is not None:
        oldest_ms = (now - timedelta(days=keep.days)).timestamp() * 1000
        state.pending = [truth for truth in state.pending if truth["received"] >= oldest_ms]


def _remove(storage: Storage, model: str, name: str, *, before: str) -> None:
    table = delta.open_table(storage, model, name)
    if table is not None and any(day < before for day, _ in table.files()):
        table.remove_before(before)


def _forget(storage: Storage, model: str, *, before: str) -> None:
    """Remove labelled rows of predictions that are due from what runs trained on, too."""
    is_wanted = datasets.made_before(round(datetime.fromisoformat(f"{before}T00:00Z").timestamp() * 1000))
    days = erasing.find(storage, model, datasets.TABLE, ["id"], is_wanted)
    erasing.take_out(storage, model, datasets.TABLE, sorted(days), is_wanted)


def _empty(storage: Storage, model: str, mark: Mark, *, before: str) -> None:
    """Set the features of days that are due to null, day by day, and note how far that has come."""
    table = delta.open_table(storage, model, "predictions")
    days = set() if table is None else {day for day, _ in table.files() if mark.emptied <= day < before}
    for day in sorted(days):
        if (table := delta.open_table(storage, model, "predictions")) is not None:
            table.replace(day, _blank(table, day))
        mark.emptied = f"{date.fromisoformat(day) + timedelta(days=1)}"
        marks.save(storage, model, mark)
    mark.emptied = max(mark.emptied, before)


def _blank(table: Table, day: str) -> Iterator[Any]:
    """The rows of a day without features, and without what a later release may have logged beside them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema, gone = table.schema, {*Layout(table.schema).names, "more"}
    for batch in table.scan(where=pc.field(rows.DATE) == date.fromisoformat(day)):
        columns = {
            name: pa.nulls(len(batch), schema.field(name).type) if name in gone else batch.column(name)
            for name in schema.names
        }
        columns[LOGGED] = pa.array(["[]"] * len(batch), pa.string())
        yield pa.record_batch(columns)


def _day(now: datetime, ago: int) -> str:
    return f"{now - timedelta(days=ago):%Y-%m-%d}"
