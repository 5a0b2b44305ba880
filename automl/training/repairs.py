"""What was odd in a table and how it was read all the same: said in words, counted, and kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl.storage import RAW, Storage
from automl.values import THOUSANDS

ASIDE_SHARE = 0.05
"""Largest share of rows that may be put aside; a table with more is refused, since it is not what it seems."""


ASIDE = ".aside.csv"
"""How the name of a blob of such rows ends, behind that of its table."""

ASIDE_CELLS = "cells"
"""The column of such a blob that their cells begin in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A row that cannot be read and is not trained on.

    Parameters
    ----------
    row
        Its zero-based number below the header.
    line
        The line of the file that it begins on.
    cells
        What it holds.
    reason
        Why it cannot be read.
    """

    row: int
    line: int
    cells: tuple[str, ...]
    reason: str


def repaired(columns: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What is read as something else than it stands there, a sentence a column: numbers like `1,234.5`."""
    found: list[str] = []
    for name, cells in columns.items():
        texts = {cell for cell in set(cells) if "," in cell and THOUSANDS.fullmatch(cell.strip())}
        if texts:
            count = sum(cell in texts for cell in cells)
            found.append(f"{count} cells of column '{name}' with commas between thousands, such as {min(texts)!r}")
    return tuple(found)


def keep(storage: Storage, blob: str, remarks: Sequence[str], aside: Sequence[Aside]) -> dict[str, Any]:
    """Keep the rows that were put aside beside the upload they are from; what the manifest says of it all.

    Equal uploads give equal blobs, so that doing it again changes nothing. The name has a dot, which no upload has.
    """
    told: dict[str, Any] = {"remarks": list(remarks), "rows_aside": len(aside)}
    if aside:
        told["aside"] = f"{blob}{ASIDE}"
        storage.put(RAW, told["aside"], as_csv(aside))
    return told


def as_csv(aside: Sequence[Aside]) -> bytes:
    """The rows as CSV: line of the file, reason, and the cells as they were.

    >>> as_csv([Aside(row=0, line=2, cells=("1", "a,b"), reason="expected 3 cells")])
    b'line,reason,cells\\n2,expected 3 cells,1,"a,b"\\n'
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["line", "reason", ASIDE_CELLS])
    writer.writerows([row.line, row.reason, *row.cells] for row in aside)
    return text.getvalue().encode()
