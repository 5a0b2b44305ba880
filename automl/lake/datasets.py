"""What versions were trained on, as a Delta table: every row once, under a number that no other row ever has.

A version names its rows by their numbers, so they are found whatever is added, put together or vacuumed later; a
number that is not found is a row that was erased. The last number given away is the table's transaction version,
which outlives the rows themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.errors import Conflict, NotFound, Unavailable
from automl.lake import dataset_rows, delta
from automl.lake.dataset_rows import Batch, Numbers
from automl.lake.delta import Table
from automl.lake.erasing import Wanted
from automl.lake.features import Layout
from automl.log import ids
from automl.signature import Signature
from automl.storage import Storage
from automl.tensors import Tensors

TABLE = "dataset"
"""Name of the table beside `predictions` and `truth`."""

LABELLED = "labelled"
"""`source` of a row that this system predicted and that got its truth later."""

ATTEMPTS = 5
"""How often rows are added anew when another process changes the table meanwhile."""


def add(storage: Storage, model: str, batch: Batch, day: date) -> tuple[int, Numbers]:
    """Have rows in the table, adding those that it lacks; of several processes that do so, each row is added by one.

    Returns
    -------
    A version of the table that has all of them, and the number of each, int64 [N].

    Raises
    ------
    Unavailable
        The lake cannot be reached, or others change the table all the time.
    """
    for _ in range(ATTEMPTS):
        try:
            return _add(storage, model, batch, day)
        except Conflict:
            continue  # what the other has added may be some of these rows
    raise Unavailable(f"The dataset of model '{model}' keeps being changed by others. Try again in a moment.")


def read(storage: Storage, model: str, signature: Signature, numbers: Numbers) -> tuple[Tensors, npt.NDArray[Any]]:
    """Rows by their numbers and in that order, with their targets as class codes or numbers.

    Raises
    ------
    NotFound
        Rows are missing: they were erased, or the table was removed.
    Unavailable
        The lake cannot be reached.
    """
    table, wanted = delta.open_table(storage, model, TABLE), np.unique(numbers)
    layout = Layout(table.schema if table else ())
    names = ["row", "target", "target_number", *dataset_rows.columns(signature, layout)]
    if table is None or not set(names) <= set(table.schema.names):
        raise NotFound(f"The dataset of model '{model}' has none of the {len(wanted):,} rows: it was removed.")
    found = _found(table, wanted, names)
    if found.num_rows < len(wanted):
        raise NotFound(
            f"The dataset of model '{model}' has {len(wanted) - found.num_rows:,} of the {len(wanted):,} rows no "
            "more: they were erased."
        )
    have = found.column("row").to_numpy()
    order = np.argsort(have)
    rows = found.take(order[np.searchsorted(have[order], numbers)])
    return dataset_rows.tensors(signature, rows, layout), dataset_rows.target(signature, rows)


def erased_by(key: str, prediction_ids: Collection[str]) -> Wanted:
    """Tells the rows of a business key and of some predictions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys, ids = pa.array([key], pa.string()), pa.array(list(prediction_ids), pa.string())
    return lambda batch: pc.or_(pc.is_in(batch.column("key"), keys), pc.is_in(batch.column("id"), ids))


def made_before(ms: int) -> Wanted:
    """Tells the labelled rows of predictions that were made before a moment, UTC epoch milliseconds."""
    import pyarrow as pa

    def is_wanted(batch: Any) -> Any:
        names = batch.column("id").to_pylist()
        return pa.array([name is not None and ids.made_at(name) < ms for name in names], pa.bool_())

    return is_wanted


def numbers_of(storage: Storage, model: str, is_wanted: Wanted) -> Numbers:
    """The numbers of some rows, int64 [N] in their order."""
    table = delta.open_table(storage, model, TABLE)
    parts = table.scan(["row", "key", "id"]) if table else ()
    found = [batch.column("row").to_numpy()[np.asarray(is_wanted(batch))] for batch in parts]
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *found]))


def _add(storage: Storage, model: str, batch: Batch, day: date) -> tuple[int, Numbers]:
    table = delta.open_table(storage, model, TABLE)
    if table is None:
        table = delta.create_table(storage, model, TABLE, dataset_rows.schema())
    numbers = _known(table, batch.fingerprints)
    new = np.flatnonzero(numbers < 0)
    if len(new):
        first = table.batches
        numbers[new] = np.arange(first, first + len(new))
        rows = dataset_rows.stream(batch, new, first, day, Layout(table.schema))
        table.append_rows(rows, number=first + len(new))
    return table.version, numbers


def _known(table: Table, fingerprints: npt.NDArray[np.uint64]) -> Numbers:
    """The number of each row that the table has, -1 for the others."""
    own = fingerprints.view(np.int64)
    order = np.argsort(own)
    ranked, numbers = own[order], np.full(len(own), -1, dtype=np.int64)
    for part in table.scan(["row", "fingerprint"]):
        there = part.column("fingerprint").to_numpy()
        place = np.minimum(np.searchsorted(ranked, there), len(ranked) - 1)
        same = ranked[place] == there
        numbers[order[place[same]]] = part.column("row").to_numpy()[same]
    return numbers


def _found(table: Table, wanted: Numbers, names: list[str]) -> Any:
    """The wanted rows that are there, in any order, as a `pyarrow.Table`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    near = (pc.field("row") >= int(wanted[0])) & (pc.field("row") <= int(wanted[-1]))
    parts = [table.schema.empty_table().select(names)]
    for part in table.scan(names, near):
        row = part.column("row").to_numpy()
        place = np.minimum(np.searchsorted(wanted, row), len(wanted) - 1)
        parts.append(pa.Table.from_batches([part]).filter(pa.array(wanted[place] == row)))
    return pa.concat_tables(parts, promote_options="permissive").combine_chunks()
