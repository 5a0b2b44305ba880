"""A CSV or Parquet file read a batch at a time, so that memory stays flat however long it is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl.dialect import Dialect, NotCsv, recognise, rows
from cli.batch import Batch, Kind
from cli.errors import Misuse


def kind_of(path: Path) -> Kind:
    """What a file is, by its first bytes. Raises Misuse when it is no table."""
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            return "parquet"
    dialect_of(path)
    return "csv"


def dialect_of(path: Path) -> Dialect:
    """How a CSV file is written. Raises Misuse when it is none."""
    try:
        with path.open("rb") as file:
            return recognise(file)
    except NotCsv as error:
        raise Misuse(f"{path} is {error}: expected a table as CSV or Parquet. Save it as one of these.") from error


def batches(path: Path, size: int, *, aside: list[int] | None = None) -> Iterator[Batch]:
    """The rows of a file, at most `size` at a time.

    Parameters
    ----------
    aside
        Takes the lines of rows that have not one cell a column, which are left out then; without it they are refused.

    Raises
    ------
    Misuse
        Where the file is not a whole table.
    """
    yield from _parquet(path, size) if kind_of(path) == "parquet" else _csv(path, size, aside)


def _csv(path: Path, size: int, aside: list[int] | None) -> Iterator[Batch]:
    dialect = dialect_of(path)
    columns: tuple[str, ...] = ()
    found: list[list[str]] = []
    places: list[str] = []
    try:
        with path.open("rb") as file:
            for line, cells in rows(file, dialect):
                if not columns:
                    columns = tuple(cells)
                    continue
                if len(cells) != len(columns):
                    if aside is not None:
                        aside.append(line)
                        continue
                    raise Misuse(
                        f"{path}, line {line}: expected {len(columns)} cells as in the header, got {len(cells)}. "
                        "Quote cells that contain commas."
                    )
                found.append(cells)
                places.append(f"line {line}")
                if len(found) == size:
                    yield Batch(kind="csv", columns=columns, rows=found, places=places)
                    found, places = [], []
            if found:
                yield Batch(kind="csv", columns=columns, rows=found, places=places)
    except UnicodeError as error:
        raise Misuse(f"{path}: expected text in {dialect.encoding}: {error}. Save the file as UTF-8.") from error
    except csv.Error as error:
        raise Misuse(f"{path}: {error}. Quote cells as RFC 4180 describes it.") from error


def _parquet(path: Path, size: int) -> Iterator[Batch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            first = 1
            for part in file.iter_batches(batch_size=size):
                plain = pa.Table.from_batches([part.cast(_microseconds(part.schema), safe=False)])
                values = [list(row) for row in zip(*(column.to_pylist() for column in plain.columns), strict=True)]
                places = [f"row {first + index}" for index in range(len(values))]
                first += len(values)
                columns = tuple(plain.column_names)
                yield Batch(kind="parquet", columns=columns, rows=values, places=places, arrow=plain)
    except (pa.ArrowException, OSError) as error:
        raise Misuse(f"{path}: expected a whole Parquet file, got: {str(error).splitlines()[0]}.") from error


def _microseconds(schema: Any) -> Any:
    """The schema with nanosecond timestamps as microseconds: Python's datetimes hold no more."""
    import pyarrow as pa

    fields = [
        field.with_type(pa.timestamp("us", tz=field.type.tz)) if pa.types.is_timestamp(field.type) else field
        for field in schema
    ]
    return pa.schema(fields)
