"""Parquet files of plain columns, as Python values."""

from __future__ import annotations

import io
from typing import Any

from automl.errors import InvalidInput, Problem
from automl.training.table import Table, check_names, check_rows, invalid


def read_parquet(data: bytes) -> Table:
    """Read a file whose columns are all plain. Raises InvalidInput."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not data.startswith(b"PAR1"):
        raise invalid("a Parquet file", "something else", "Upload it with its own format, or save it as Parquet.")
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        got = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise invalid("a whole Parquet file", got, "Write the file again and upload it.") from error
    check_names(table.column_names)
    check_rows(table.num_rows)
    problems = [_alien(field.name, str(field.type)) for field in table.schema if not _is_plain(field.type)]
    if problems:
        raise InvalidInput.of(problems)
    columns = {name: plain(table.column(name)) for name in table.column_names}
    return Table(columns=columns, text=False, rows=table.num_rows)


def _alien(name: str, kind: str) -> Problem:
    expected = "numbers, text, booleans, dates or timestamps"
    return Problem(column=name, expected=expected, got=kind, remedy="Convert the column or leave it out.")


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    tests = (
        types.is_integer,
        types.is_floating,
        types.is_decimal,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_date,
        types.is_timestamp,
        types.is_null,
    )
    return any(test(kind) for test in tests)


def plain(column: Any) -> list[Any]:
    """The cells as bool, int, float, str, date, datetime or None."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_timestamp(kind):  # datetime holds microseconds, Parquet may hold nanoseconds
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    cells: list[Any] = column.to_pylist()
    return cells
