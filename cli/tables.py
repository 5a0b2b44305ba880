"""A CSV or Parquet file read a batch at a time, so that memory stays flat however long it is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.batch import Batch, Kind
from cli.errors import Misuse

_FOREIGN = {b"\x1f\x8b": "a gzip file", b"PK\x03\x04": "a zip or Excel file", b"%PDF": "a PDF file"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def kind_of(path: Path) -> Kind:
    """What a file is, by its first bytes. Raises Misuse when it is no table."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise Misuse(f"{path} is empty: expected a table with a header and rows, as CSV or Parquet.")
    if start.startswith(b"PAR1"):
        return "parquet"
    found = next((name for magic, name in _FOREIGN.items() if start.startswith(magic)), None)
    if start.startswith(_UTF_16):
        found = "UTF-16 text"
    elif found is None and b"\0" in start:
        found = "a binary file"
    if found:
        raise Misuse(f"{path} is {found}: expected a table as CSV in UTF-8 or Parquet. Save it as one of these.")
    return "csv"


def batches(path: Path, size: int) -> Iterator[Batch]:
    """The rows of a file, at most `size` at a time. Raises Misuse where it is not a whole table."""
    yield from _parquet(path, size) if kind_of(path) == "parquet" else _csv(path, size)


def _csv(path: Path, size: int) -> Iterator[Batch]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns: tuple[str, ...] = ()
            rows: list[list[str]] = []
            places: list[str] = []
            line = 1
            for cells in reader:
                start, line = line, reader.line_num + 1
                if not cells:
                    continue  # a blank line is no row; editors leave one at the end
                if not columns:
                    columns = tuple(cells)
                    continue
                if len(cells) != len(columns):
                    raise Misuse(
                        f"{path}, line {start}: expected {len(columns)} cells as in the header, got {len(cells)}. "
                        "Quote cells that contain commas."
                    )
                rows.append(cells)
                places.append(f"line {start}")
                if len(rows) == size:
                    yield Batch(kind="csv", columns=columns, rows=rows, places=places)
                    rows, places = [], []
            if rows:
                yield Batch(kind="csv", columns=columns, rows=rows, places=places)
    except UnicodeDecodeError as error:
        got = f"the byte 0x{error.object[error.start]:02X}"
        raise Misuse(f"{path}: expected text in UTF-8, got {got}. Save the file as UTF-8.") from error
    except csv.Error as error:
        raise Misuse(f"{path}, line {reader.line_num}: {error}. Quote cells as RFC 4180 describes it.") from error


def _parquet(path: Path, size: int) -> Iterator[Batch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            first = 1
            for part in file.iter_batches(batch_size=size):
                plain = pa.Table.from_batches([part.cast(_microseconds(part.schema), safe=False)])
                rows = [list(row) for row in zip(*(column.to_pylist() for column in plain.columns), strict=True)]
                places = [f"row {first + index}" for index in range(len(rows))]
                first += len(rows)
                columns = tuple(plain.column_names)
                yield Batch(kind="parquet", columns=columns, rows=rows, places=places, arrow=plain)
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
