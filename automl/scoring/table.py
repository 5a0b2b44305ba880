"""A CSV request body as columns of text. As strict as the reader of training tables, with no table library."""

from __future__ import annotations

import csv
import io
from collections import Counter

from automl.errors import MAX_PROBLEMS, InvalidInput, Problem

_REMEDY = "Send RFC 4180 CSV with a header: commas, cells with commas in double quotes."


def read_csv(body: bytes) -> dict[str, list[str]]:
    """Columns of a CSV body by the names in its header, equally long. Blank lines are no rows.

    Raises
    ------
    InvalidInput
        When the body is not CSV in UTF-8, or its header or a row does not fit.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad("CSV in UTF-8", f"the byte 0x{body[error.start]:02X}", "Encode the body as UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next((cells for cells in reader if cells), [])
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise _bad("CSV", f"{error} near line {reader.line_num}", _REMEDY) from error
    if not header:
        raise _bad("a header and rows", "an empty body", _REMEDY)
    if twice := [name for name, count in Counter(header).items() if count > 1]:
        raise _bad("each column once", f"'{twice[0][:60]}' more than once", "Send each column once.")
    expected = f"{len(header)} cells as in the header"
    ragged = [row for row, (_, cells) in enumerate(rows) if len(cells) != len(header)]
    if ragged:
        told = ragged[:MAX_PROBLEMS]
        got = [f"{len(rows[row][1])} on line {rows[row][0]}" for row in told]
        problems = [
            Problem(field="body", expected=expected, got=each, remedy=_REMEDY, row=row)
            for row, each in zip(told, got, strict=True)
        ]
        raise InvalidInput.of(problems, more=len(ragged) - len(told))
    return {name: [cells[index] for _, cells in rows] for index, name in enumerate(header)}


def _bad(expected: str, got: str, remedy: str) -> InvalidInput:
    return InvalidInput.of([Problem(field="body", expected=expected, got=got, remedy=remedy)])
