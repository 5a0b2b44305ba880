"""A CSV file as columns of text: odd files are read for what they are, odd rows put aside and kept."""

from __future__ import annotations

import csv
import io

from automl.dialect import NotCsv, recognise, rows
from automl.errors import InvalidInput, Problem
from automl.training.repairs import ASIDE_SHARE, Aside, repaired
from automl.training.table import Table, check_names, check_rows, invalid

MAX_PROBLEMS = 100
"""How many ragged rows one error lists; the rest are counted."""


def read_csv(data: bytes) -> Table:
    """Read a file of text cells.

    Rows that have not one cell a column are put aside, unless they are more than one of twenty.

    Raises
    ------
    InvalidInput
        It is no CSV, its columns cannot be told apart, or too many of its rows are ragged.
    """
    file = io.BytesIO(data)
    try:
        dialect = recognise(file)
    except NotCsv as error:
        remedy = "Upload it as what it is, or save it as CSV in UTF-8."
        raise invalid("a CSV file", str(error), remedy) from error
    header: list[str] = []
    found: list[list[str]] = []
    aside: list[Aside] = []
    try:
        for line, cells in rows(file, dialect):
            if not header:
                header = cells
                check_names(header)
            elif len(cells) == len(header):
                found.append(cells)
            else:
                reason = f"expected {len(header)} cells as in the header, got {len(cells)}"
                aside.append(Aside(row=len(found) + len(aside), line=line, cells=tuple(cells), reason=reason))
    except csv.Error as error:
        remedy = "Quote cells that contain commas, quotes or line breaks, and double the quotes inside them."
        raise invalid("CSV as RFC 4180 describes it", str(error), remedy) from error
    except UnicodeError as error:
        raise invalid(f"text in {dialect.encoding}", str(error), "Save the file as UTF-8.") from error
    if len(aside) > ASIDE_SHARE * (len(found) + len(aside)):
        problems = [_ragged(len(header), row) for row in aside[:MAX_PROBLEMS]]
        raise InvalidInput.of(problems, more=len(aside) - len(problems))
    check_rows(len(found))
    columns = {name: list(cells) for name, cells in zip(header, zip(*found, strict=True), strict=True)}
    remarks = (*dialect.remarks, *repaired(columns))
    return Table(columns=columns, text=True, rows=len(found), remarks=remarks, aside=tuple(aside))


def _ragged(expected: int, row: Aside) -> Problem:
    remedy = "Give every row one cell per column; quote cells that contain commas."
    came = f"{len(row.cells)} (line {row.line})"
    return Problem(expected=f"{expected} cells as in the header", got=came, row=row.row, remedy=remedy)
