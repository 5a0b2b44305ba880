"""Scored rows written as CSV, JSON lines or Parquet, batch by batch."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from cli.api import Scored
from cli.batch import Batch, to_json
from cli.errors import Misuse

ADDED = ("prediction", "probability", "prediction_id")
"""Columns that scoring adds to the table's own."""


class Results(Protocol):
    """Takes scored batches in the order of the file."""

    def write(self, batch: Batch, scored: Scored) -> None:
        """Write the rows of a batch and what was predicted for them."""

    def close(self) -> None:
        """Finish the file."""


def columns_added(scored: Scored) -> dict[str, list[Any]]:
    """The added columns: prediction, probability of the predicted class (none for a regression), prediction id."""
    added: dict[str, list[Any]] = {"prediction": scored.predictions}
    if scored.probabilities is not None:
        added["probability"] = [max(row.values()) for row in scored.probabilities]
    added["prediction_id"] = scored.ids if scored.ids is not None else [None] * len(scored.predictions)
    return added


class CsvResults:
    """Rows as CSV with a header."""

    def __init__(self, out: IO[str]) -> None:
        self._writer = csv.writer(out, lineterminator="\n")
        self._header: list[str] = []

    def write(self, batch: Batch, scored: Scored) -> None:
        added = columns_added(scored)
        if not self._header:
            self._header = [*batch.columns, *added]
            self._writer.writerow(self._header)
        for row, more in zip(batch.rows, zip(*added.values(), strict=True), strict=True):
            self._writer.writerow([_text(cell) for cell in (*row, *more)])

    def close(self) -> None:
        """Nothing is held back."""


class JsonLinesResults:
    """Rows as one JSON object a line."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def write(self, batch: Batch, scored: Scored) -> None:
        added = columns_added(scored)
        names = [*batch.columns, *added]
        for row, more in zip(batch.rows, zip(*added.values(), strict=True), strict=True):
            record = dict(zip(names, [to_json(cell) for cell in (*row, *more)], strict=True))
            self._out.write(json.dumps(record, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Nothing is held back."""


class ParquetResults:
    """Rows as Parquet: a Parquet table's own types, text for a CSV's columns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None
        self._types: Mapping[str, Any] = {}

    def write(self, batch: Batch, scored: Scored) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = batch.arrow
        if table is None:
            columns = [pa.array(column, pa.string()) for column in zip(*batch.rows, strict=True)]
            table = pa.table(columns, names=list(batch.columns))
        for name, values in columns_added(scored).items():
            table = table.append_column(name, pa.array(values, self._types.get(name)))
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema)
            self._types = {name: table.schema.field(name).type for name in table.column_names if name in ADDED}
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def kind_of(path: Path) -> str:
    """The kind of output that a file's name asks for. Raises Misuse for any other name."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".jsonl", ".parquet"):
        raise Misuse(f"-o {path}: expected a name that ends in .csv, .jsonl or .parquet.")
    return kind


@contextmanager
def results(path: Path) -> Iterator[Results]:
    """Write to a file that appears under its name when all rows are in it, and not before."""
    kind = kind_of(path)
    part = path.with_name(path.name + ".part")
    try:
        if kind == ".parquet":
            yield from _closed(ParquetResults(part))
        else:
            make: Callable[[IO[str]], Results] = CsvResults if kind == ".csv" else JsonLinesResults
            with part.open("w", encoding="utf-8", newline="") as out:
                yield from _closed(make(out))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _closed(writer: Results) -> Iterator[Results]:
    try:
        yield writer
    finally:
        writer.close()


def _text(cell: Any) -> Any:
    """A cell as CSV holds it: null as nothing, booleans in small letters, dates as ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return to_json(cell)
