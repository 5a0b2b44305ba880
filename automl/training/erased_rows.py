"""The rows of an uploaded table whose business key was erased since: left out of every training on it, whether they
have been taken out of the table already or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from automl import erasures, values
from automl.storage import Storage
from automl.training.table import Table, check_rows


def without_erased(
    storage: Storage, model: str, table: Table, column: str | None, *, uploaded: datetime | None
) -> tuple[Table, int]:
    """A table without such rows, and how many those were.

    A key that was erased before the table was uploaded is new data.

    Parameters
    ----------
    column
        That of the business key; None where there is none.
    uploaded
        When the table came; None where that is not known any more.

    Raises
    ------
    InvalidInput
        No row is left.
    """
    cells = table.columns.get(column) if column is not None else None
    if cells is None or uploaded is None:
        return table, 0
    later = [one for one in erasures.all_of(storage, model) if datetime.fromisoformat(one.at) >= uploaded]
    erased = set[str]()
    if later:
        known = {text for text in map(_text, cells) if text is not None}
        erased = erasures.among(storage, later, known)
    kept = [place for place, cell in enumerate(cells) if _text(cell) not in erased] if erased else range(len(cells))
    if len(kept) == len(cells):
        return table, 0
    check_rows(len(kept))
    columns = {name: _taken(column, kept) for name, column in table.columns.items()}
    return replace(table, columns=columns, rows=len(kept)), len(cells) - len(kept)


def _taken(cells: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [cells[place] for place in places]


def _text(cell: Any) -> str | None:
    try:
        return values.category(cell)
    except ValueError:
        return None
