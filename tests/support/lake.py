"""What a model's Delta tables hold, for tests to compare: read as anybody would, through Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from automl.lake import datasets, delta, erasing
from automl.lake.dataset_rows import Batch, Numbers
from automl.signature import Feature, Signature
from automl.storage import Storage
from automl.tensors import Tensors


def contents(storage: Storage, model: str, name: str) -> list[dict[str, Any]]:
    """All rows of a table, in one order; nothing when it was never made."""
    table = delta.open_table(storage, model, name)
    if table is None:
        return []
    rows = [row for part in table.scan() for row in part.to_pylist()]
    return sorted(rows, key=lambda row: repr(sorted(row.items(), key=str)))


NUMBERS = Signature(features=(Feature(name="x", type="number"),), target="y", task="regression")


def keep_rows(storage: Storage, model: str, cells: Sequence[float], ids: Sequence[str | None], day: date) -> Numbers:
    """Have rows of one number in a model's dataset, as a run of that day would; their numbers."""
    values = np.array(cells, dtype=np.float64)
    batch = Batch(
        signature=NUMBERS,
        tensors=Tensors(num=values[:, None], cat=np.empty((len(values), 0), dtype=object)),
        target=values,
        fingerprints=values.view(np.uint64),
        sources=["m/t"] * len(values),
        ids=ids,
        keys=[None] * len(values),
    )
    return datasets.add(storage, model, batch, day)[1]


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
