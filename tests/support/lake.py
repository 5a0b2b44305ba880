"""What a model's Delta tables hold, for tests to compare: read as anybody would, through Arrow."""

from __future__ import annotations

from typing import Any

from automl.lake import datasets, delta, erasing
from automl.storage import Storage


def contents(storage: Storage, model: str, name: str) -> list[dict[str, Any]]:
    """All rows of a table, in one order; nothing when it was never made."""
    table = delta.open_table(storage, model, name)
    if table is None:
        return []
    rows = [row for part in table.scan() for row in part.to_pylist()]
    return sorted(rows, key=lambda row: repr(sorted(row.items(), key=str)))


def batches(storage: Storage, model: str, name: str) -> int:
    """How many batches went into a table."""
    table = delta.open_table(storage, model, name)
    return table.batches if table else 0


def forget(storage: Storage, model: str, key: str) -> int:
    """Take the rows of a business key out of a model's dataset; how many there were."""
    is_wanted = datasets.erased_by(key, ())
    days = erasing.find(storage, model, datasets.TABLE, ["id", "key"], is_wanted)
    erasing.take_out(storage, model, datasets.TABLE, sorted(days), is_wanted)
    return sum(days.values())
