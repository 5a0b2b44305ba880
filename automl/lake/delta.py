"""One Delta table of a model: the only importer of `deltalake`.

What is read and written through a `Table` refers to the version that it was opened at. A batch of the log goes in
once: its number is the transaction version of the one application that writes, read from that same version, and its
commit is refused when any other came in between (docs/decisions/041).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Any

import orjson

from automl.errors import Conflict, Unavailable
from automl.storage import Storage

APP = "evergreen"
"""Application id of every batch."""

POSITION = "evergreen.position"
"""Where a commit's information has the position that its batch reached."""

LOOK_BACK = (1, 8, 100)
"""Newest commits among which the last batch is looked for, the first few first; only upkeep can come after it."""

TARGET_BYTES = 64 * 2**20
"""Size that data files are written and compacted to."""

GROUP_ROWS = 2**15
"""Rows of one group in a data file; delta-rs would take a million, and so hold a day in memory to compact it."""

PROPERTIES = {
    # Opening a table reads a checkpoint and the commits after it, and lists all commits that are kept. A pass commits
    # as often as every ten seconds, so they are kept for hours and not for days.
    "delta.checkpointInterval": "10",
    "delta.logRetentionDuration": "interval 6 hours",
    # The lowest and highest value of a column in each file stay in the table's history when rows are removed from it,
    # so they are kept of numbers given by this system alone, never of keys or features.
    "delta.dataSkippingStatsColumns": "id,received,row",
}
"""Of every table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How much of a log is in the table: hours before `since_hour` whole, and so many bytes of each later blob."""

    since_hour: str = ""
    offsets: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As a commit holds it."""
        return {"since_hour": self.since_hour, "offsets": dict(self.offsets)}


class Table:
    """A Delta table as it was when it was opened.

    Every method raises Unavailable when storage or the table cannot be read or written.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @property
    def schema(self) -> Any:
        """`pyarrow.Schema`, with the fields' metadata."""
        import pyarrow as pa

        return pa.schema(self._handle.schema().to_arrow())

    @property
    def version(self) -> int:
        """Number of the commit that the table was opened at, or that it was last written by."""
        return int(self._handle.version())

    @property
    def properties(self) -> Mapping[str, str]:
        """As the table has them (`PROPERTIES`)."""
        return dict(self._handle.metadata().configuration)

    @property
    def batches(self) -> int:
        """Number of the last batch, 0 before the first."""
        return self._handle.transaction_version(APP) or 0

    def position(self) -> Position:
        """What the last batch reached; the beginning when there is none, or its commit cannot be found any more."""
        with _translated():
            for commits in LOOK_BACK:
                for commit in self._handle.history(commits):
                    if POSITION in commit:
                        return Position(**orjson.loads(commit[POSITION]))
        return Position(offsets={})

    def append(self, rows: Any, position: Position) -> None:
        """Add a batch, a `pyarrow.Table` with any new columns, and the position it reaches.

        Raises
        ------
        Conflict
            The table has changed since it was opened: open it again, and see what is still to be added.
        """
        self._write(rows, self.batches + 1, {POSITION: orjson.dumps(position.to_json()).decode()})

    def restate(self, position: Position) -> None:
        """Have the newest commit hold the position that the table had before upkeep, whose commits hold none and may
        have removed the one that did. Raises Conflict when the table has changed.
        """
        self.append(self.schema.empty_table(), position)

    def append_rows(self, rows: Any, *, number: int) -> None:
        """Add an Arrow stream of rows, with any new columns, as the batch of this number. Raises Conflict."""
        self._write(rows, number, {})

    def _write(self, rows: Any, number: int, metadata: Mapping[str, str]) -> None:
        from deltalake import CommitProperties, Transaction, write_deltalake

        properties = CommitProperties(
            custom_metadata=dict(metadata), app_transactions=[Transaction(APP, number)], max_commit_retries=0
        )
        with _translated():
            write_deltalake(
                self._handle,
                rows,
                mode="append",
                schema_mode="merge",
                target_file_size=TARGET_BYTES,
                writer_properties=_in_groups(),
                commit_properties=properties,
            )

    def remove_before(self, day: str) -> None:
        """Remove the rows of all days before one. Raises Conflict when the table has changed."""
        with _translated():
            self._handle.delete(f"date < '{day}'", commit_properties=self._going_on())

    def replace(self, day: str, batches: Iterable[Any]) -> None:
        """Put other rows, `pyarrow.RecordBatch`es of this schema, into the place of those of a day.

        delta-rs rewrites rows by itself with types that pyarrow cannot compare (its issue 4579), so they pass through
        here; by way of a file, since it cannot read one table while it writes another.

        Raises
        ------
        Conflict
            The table has changed since it was opened.
        """
        import pyarrow as pa
        from deltalake import write_deltalake

        schema = self.schema
        with NamedTemporaryFile(suffix=".arrow") as file:
            with pa.ipc.new_file(file.name, schema) as sink:
                for batch in batches:
                    sink.write_batch(batch.select(schema.names).cast(schema))
            with pa.memory_map(file.name) as source, _translated():
                stored = pa.ipc.open_file(source)
                parts = (stored.get_batch(number) for number in range(stored.num_record_batches))
                write_deltalake(
                    self._handle,
                    pa.RecordBatchReader.from_batches(schema, parts),
                    mode="overwrite",
                    predicate=f"date = '{day}'",
                    target_file_size=TARGET_BYTES,
                    writer_properties=_in_groups(),
                    commit_properties=self._going_on(),
                )

    def _going_on(self) -> Any:
        """A commit that leaves the position as it is, among the newest where it is looked for."""
        from deltalake import CommitProperties

        position = orjson.dumps(self.position().to_json()).decode()
        return CommitProperties(custom_metadata={POSITION: position}, max_commit_retries=0)

    def scan(self, columns: Sequence[str] | None = None, where: Any = None) -> Iterator[Any]:
        """The rows as `pyarrow.RecordBatch`es.

        Parameters
        ----------
        where
            A `pyarrow.compute` expression; files that it rules out by partition or range are not read.
        """
        with _translated():
            yield from self._handle.to_pyarrow_dataset().to_batches(columns=columns, filter=where)

    def scan_between(self, column: str, low: Any, high: Any, columns: Sequence[str]) -> Iterator[Any]:
        """`scan` of the rows whose cell of a column is not below one value nor above another.

        What that takes follows from the files that may have such rows, not from how many there are.
        """
        import pyarrow.compute as pc

        files, where = [(column, ">=", low), (column, "<=", high)], pc.field(column)
        with _translated():
            dataset = self._handle.to_pyarrow_dataset(file_pruning_predicate=files)
            yield from dataset.to_batches(columns=columns, filter=(where >= low) & (where <= high))

    def files(self) -> list[tuple[str, int]]:
        """Partition (the day, `YYYY-MM-DD`) and size in bytes of every data file."""
        import pyarrow as pa

        actions = pa.table(self._handle.get_add_actions(flatten=True))
        days = [str(day) for day in actions.column("partition.date").to_pylist()]
        return list(zip(days, actions.column("size_bytes").to_pylist(), strict=True))

    def configure(self) -> None:
        """Give a table that an older release made the properties of a new one. Raises Conflict."""
        if not self.properties.items() >= PROPERTIES.items():
            with _translated():
                self._handle.alter.set_table_properties(dict(PROPERTIES), commit_properties=self._going_on())

    def rows_by_day(self) -> dict[str, int]:
        """How many rows each partition has, as the table's log tells."""
        import pyarrow as pa

        actions, found = pa.table(self._handle.get_add_actions(flatten=True)), dict[str, int]()
        days = actions.column("partition.date").to_pylist()
        for day, count in zip(days, actions.column("num_records").to_pylist(), strict=True):
            found[str(day)] = found.get(str(day), 0) + count
        return found

    def compact(self, day: str) -> None:
        """Put the files of a day together. Raises Conflict when the table has changed meanwhile."""
        with _translated():
            self._handle.optimize.compact(
                partition_filters=[("date", "=", day)],
                target_size=TARGET_BYTES,
                max_concurrent_tasks=1,
                writer_properties=_in_groups(),
            )

    def vacuum(self, keep_hours: int) -> None:
        """Remove data files that no version of the last so many hours names, nor a commit that may be under way.

        All files of the table are listed: what was replaced is no longer told by the table once a checkpoint has been
        written a week later, and what a writer left that died never was.
        """
        with _translated():
            self._handle.vacuum(retention_hours=keep_hours, dry_run=False, full=True)

    def vacuum_replaced(self) -> None:
        """Remove all data files that an older version names and this one does not, however young they are."""
        with _translated():
            self._handle.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=False)


def open_table(storage: Storage, model: str, name: str) -> Table | None:
    """A table of a model as it is now; None when nothing was ever written to it. Raises Unavailable."""
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    uri, options = _place(storage, model, name)
    with _translated():
        try:
            return Table(DeltaTable(uri, storage_options=options))
        except TableNotFoundError:
            return None


def create_table(storage: Storage, model: str, name: str, schema: Any) -> Table:
    """A table of a model, made with this `pyarrow.Schema` and partitioned by `date` unless it is there. Raises
    Unavailable, and Conflict when another process made it at this moment.
    """
    from deltalake import DeltaTable

    uri, options = _place(storage, model, name)
    with _translated():
        handle = DeltaTable.create(
            uri,
            schema=schema,
            mode="ignore",
            partition_by=["date"],
            configuration=PROPERTIES,
            storage_options=options,
        )
        return Table(handle)


def _place(storage: Storage, model: str, name: str) -> tuple[str, dict[str, str]]:
    tables = storage.tables()
    if tables.emulator:
        # object_store takes the address of an emulator from the environment alone
        os.environ["AZURITE_BLOB_STORAGE_URL"] = tables.emulator
    return f"{tables.root}/{model}/{name}", dict(tables.options)


def _in_groups() -> Any:
    """How data files are written: a group of rows is held in memory until it is complete."""
    from deltalake import WriterProperties

    return WriterProperties(max_row_group_size=GROUP_ROWS)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise this project's errors instead of those of delta-rs, whose messages draw their causes as a tree."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        yield
    except CommitFailedError as error:
        raise Conflict(f"Another process changed the table first: {_short(error)}") from error
    except (DeltaError, OSError) as error:
        raise Unavailable(f"The lake cannot be reached: {_short(error)}") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
