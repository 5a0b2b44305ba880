"""A CSV or Parquet file without the rows of one business key. The other rows of a CSV stay byte for byte."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from typing import Any

from automl import values
from automl.dialect import Dialect, NotCsv, recognise, text_of
from automl.training.parquet_table import plain
from automl.training.repairs import ASIDE_CELLS
from automl.training.table import invalid

_REMEDY = "Replace it with one that can be read, or remove it."


def without_key(data: bytes, column: str, key: str) -> tuple[bytes, int]:
    """A table without the rows that have the key in a column, and how many those were; the same bytes where none has.

    A row of a CSV with too few or too many cells, which trainings put aside, goes if any of its cells is the key.

    Raises
    ------
    InvalidInput
        It cannot be read.
    """
    return _parquet(data, column, key) if data.startswith(b"PAR1") else _csv(data, column, key)


def aside_without_key(data: bytes, key: str) -> tuple[bytes, int]:
    """The same of rows that were put aside (`repairs.as_csv`): those go that have the key in any cell."""
    return _csv(data, ASIDE_CELLS, key, ragged_from=2)


def _csv(data: bytes, column: str, key: str, *, ragged_from: int = 0) -> tuple[bytes, int]:
    """The same of a CSV; of rows with another number of cells than the header, those from `ragged_from` on count."""
    file = io.BytesIO(data)
    try:
        dialect = recognise(file)
        if _cannot_have(data, key, dialect):
            return data, 0
        text, taken = text_of(file, dialect), list[str]()
        kept = [next(text)] if dialect.has_separator_line else []
        header: Sequence[str] = []
        places: list[int] = []
        removed = 0
        for cells in csv.reader(
            _noted(text, taken), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True
        ):
            is_ragged = len(cells) != len(header)
            if places and _has(cells[ragged_from:] if is_ragged else [cells[place] for place in places], key):
                removed += 1
            else:
                kept += taken
            if not header:
                header, places = cells, [place for place, name in enumerate(cells) if name == column]
            taken.clear()
        if not removed:
            return data, 0
        whole = "".join(kept).encode(dialect.encoding)
    except (NotCsv, csv.Error, UnicodeError, EOFError, OSError) as error:
        raise invalid("a CSV file", str(error), _REMEDY) from error
    return gzip.compress(whole, mtime=0) if dialect.is_packed else whole, removed


def _cannot_have(data: bytes, key: str, dialect: Dialect) -> bool:
    """Whether a look at the bytes shows that no cell is the key; of other files than plain ASCII nothing is known."""
    is_plain = dialect.encoding == "utf-8" and not dialect.is_packed and dialect.quote not in key
    return is_plain and key.isascii() and data.isascii() and key.encode() not in data


def _noted(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    """The lines, each put into a list before it is given."""
    for line in lines:
        taken.append(line)
        yield line


def _parquet(data: bytes, column: str, key: str) -> tuple[bytes, int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(data))
        if column not in file.schema_arrow.names:
            return data, 0
        groups = range(file.num_row_groups)
        masks = [_others(file.read_row_group(group, columns=[column]), key) for group in groups]
        removed = sum(mask.count(False) for mask in masks)
        if not removed:
            return data, 0
        sink = io.BytesIO()
        schema = _decoded(file.schema_arrow.empty_table()).schema
        with pq.ParquetWriter(sink, schema, compression=_compression(file)) as writer:
            for group, mask in zip(groups, masks, strict=True):
                writer.write_table(_decoded(file.read_row_group(group).filter(pa.array(mask))))
    except (pa.ArrowException, OSError) as error:
        raise invalid("a whole Parquet file", str(error).partition("\n")[0], _REMEDY) from error
    return sink.getvalue(), removed


def _others(table: Any, key: str) -> list[bool]:
    """Which rows have the key in none of the columns."""
    return [not _has(cells, key) for cells in zip(*map(plain, table.columns), strict=True)]


def _decoded(table: Any) -> Any:
    """The same rows without dictionaries, which would go on holding the values of rows that are gone."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            cells = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, field.with_type(field.type.value_type), cells)
    return table


def _compression(file: Any) -> str:
    found = str(file.metadata.row_group(0).column(0).compression)
    return "NONE" if found == "UNCOMPRESSED" else found


def _has(cells: Sequence[Any], key: str) -> bool:
    """Whether one of the cells is the key, as scoring reads it."""
    return any(_is(cell, key) for cell in cells)


def _is(cell: Any, key: str) -> bool:
    try:
        return values.category(cell) == key
    except ValueError:
        return False
