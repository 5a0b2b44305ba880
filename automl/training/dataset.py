"""An uploaded file as a table of columns: the only reader of CSV and Parquet, and of everything wrong with them."""

from __future__ import annotations

import csv
import difflib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from automl.errors import InvalidInput, Problem

MAX_PROBLEMS = 100
"""How many ragged rows one error lists; the rest are counted."""

_FOREIGN = {
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file",
    b"PK\x03\x04": "a zip or Excel file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Equally long named columns.

    Parameters
    ----------
    columns
        Raw values by column name, in the order of the file.
    text
        Whether every value is text (CSV), so that numbers are still to be read out of it.
    rows
        How many rows there are; at least one.
    """

    columns: dict[str, list[Any]]
    text: bool
    rows: int

    def require(self, name: str, *, role: str) -> list[Any]:
        """The column of this name, which the spec uses as `role`. Raises InvalidInput with the nearest name."""
        if name in self.columns:
            return self.columns[name]
        near = difflib.get_close_matches(name, list(self.columns), n=1)
        listed = ", ".join(list(self.columns)[:20])
        remedy = f"Did you mean '{near[0]}'?" if near else f"The table has the columns {listed}."
        raise _invalid(f"{role} to be a column of the table", "no such column", remedy, column=name)


def read_table(data: bytes, format: str) -> Table:  # noqa: A002  (the word of the HTTP API)
    """Read an upload.

    Parameters
    ----------
    data
        The whole file.
    format
        `csv` (RFC 4180: comma, double quotes, a header, UTF-8 with or without a byte order mark) or `parquet`.

    Raises
    ------
    InvalidInput
        When the file is not of that format, has no rows, or its columns cannot be told apart.
    """
    if format not in ("csv", "parquet"):
        raise _invalid("the format csv or parquet", repr(format), "Upload the table in one of these.")
    if not data.strip():
        raise _invalid("a table with a header and rows", "an empty file", "Upload the file again.")
    return _read_csv(data) if format == "csv" else _read_parquet(data)


def _read_csv(data: bytes) -> Table:
    reader = csv.reader(io.StringIO(_decode(data), newline=""), strict=True)
    rows: list[list[str]] = []
    ragged: list[Problem] = []
    more = 0
    header: list[str] = []
    try:
        header = next((row for row in reader if row), [""])
        _check_delimiter(header)
        _check_names(header)
        for cells in reader:
            if not cells:
                continue  # a blank line is no row; editors leave one at the end
            if len(cells) != len(header):
                if len(ragged) < MAX_PROBLEMS:
                    ragged.append(_ragged(len(header), len(cells), row=len(rows) + len(ragged), line=reader.line_num))
                else:
                    more += 1
                continue
            rows.append(cells)
    except csv.Error as error:
        remedy = "Quote cells that contain commas, quotes or line breaks, and double the quotes inside them."
        raise _invalid("CSV as RFC 4180 describes it", f"{error} near line {reader.line_num}", remedy) from error
    if ragged:
        raise InvalidInput.of(ragged, more=more)
    _check_rows(len(rows))
    columns = {name: list(cells) for name, cells in zip(header, zip(*rows, strict=True), strict=True)}
    return Table(columns=columns, text=True, rows=len(rows))


def _decode(data: bytes) -> str:
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise _invalid("a CSV file in UTF-8", kind, "Upload it as what it is, or save it as CSV in UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        got = f"the byte 0x{data[error.start]:02X} on line {line}"
        raise _invalid("text in UTF-8", got, "Save the file as UTF-8 and upload it again.") from error


def _check_delimiter(header: Sequence[str]) -> None:
    if len(header) > 1:
        return
    for delimiter, name in _DELIMITERS.items():
        if delimiter in header[0]:
            raise _invalid("cells separated by commas", name, "Save the file with commas, or as Parquet.")


def _check_names(names: Sequence[str]) -> None:
    problems = [
        Problem(
            expected=f"a name for column {index + 1} of {len(names)}",
            got="an empty one",
            remedy="Name the column, or save the table without its row index.",
        )
        for index, name in enumerate(names)
        if not name.strip()
    ]
    problems += [
        Problem(
            column=name, expected="one column of this name", got=f"{count}", remedy="Rename or remove the others."
        )
        for name, count in Counter(names).items()
        if count > 1 and name.strip()
    ]
    if problems:
        raise InvalidInput.of(problems)


def _check_rows(rows: int) -> None:
    if rows == 0:
        raise _invalid("rows below the header", "a header only", "Upload the table with its rows.")


def _ragged(expected: int, got: int, *, row: int, line: int) -> Problem:
    remedy = "Give every row one cell per column; quote cells that contain commas."
    came = f"{got} (line {line})"
    return Problem(expected=f"{expected} cells as in the header", got=came, row=row, remedy=remedy)


def _read_parquet(data: bytes) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not data.startswith(b"PAR1"):
        raise _invalid("a Parquet file", "something else", "Upload it with its own format, or save it as Parquet.")
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        got = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _invalid("a whole Parquet file", got, "Write the file again and upload it.") from error
    _check_names(table.column_names)
    _check_rows(table.num_rows)
    problems = [_alien(field.name, str(field.type)) for field in table.schema if not _is_plain(field.type)]
    if problems:
        raise InvalidInput.of(problems)
    columns = {name: _plain(table.column(name)) for name in table.column_names}
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


def _plain(column: Any) -> list[Any]:
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


def _invalid(expected: str, got: str, remedy: str, *, column: str | None = None) -> InvalidInput:
    return InvalidInput.of([Problem(column=column, expected=expected, got=got, remedy=remedy)])
