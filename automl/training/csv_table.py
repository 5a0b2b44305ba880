"""CSV as RFC 4180 describes it, in UTF-8, and everything that is often sent in its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from automl.errors import InvalidInput, Problem
from automl.training.table import Table, check_names, check_rows, invalid

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


def read_csv(data: bytes) -> Table:
    """Read a file of text cells. Raises InvalidInput."""
    reader = csv.reader(io.StringIO(_decode(data), newline=""), strict=True)
    rows: list[list[str]] = []
    ragged: list[Problem] = []
    more = 0
    header: list[str] = []
    try:
        header = next((row for row in reader if row), [""])
        _check_delimiter(header)
        check_names(header)
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
        raise invalid("CSV as RFC 4180 describes it", f"{error} near line {reader.line_num}", remedy) from error
    if ragged:
        raise InvalidInput.of(ragged, more=more)
    check_rows(len(rows))
    columns = {name: list(cells) for name, cells in zip(header, zip(*rows, strict=True), strict=True)}
    return Table(columns=columns, text=True, rows=len(rows))


def _decode(data: bytes) -> str:
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise invalid("a CSV file in UTF-8", kind, "Upload it as what it is, or save it as CSV in UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        got = f"the byte 0x{data[error.start]:02X} on line {line}"
        raise invalid("text in UTF-8", got, "Save the file as UTF-8 and upload it again.") from error


def _check_delimiter(header: Sequence[str]) -> None:
    if len(header) > 1:
        return
    for delimiter, name in _DELIMITERS.items():
        if delimiter in header[0]:
            raise invalid("cells separated by commas", name, "Save the file with commas, or as Parquet.")


def _ragged(expected: int, got: int, *, row: int, line: int) -> Problem:
    remedy = "Give every row one cell per column; quote cells that contain commas."
    came = f"{got} (line {line})"
    return Problem(expected=f"{expected} cells as in the header", got=came, row=row, remedy=remedy)
