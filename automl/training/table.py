"""A table of named columns, and what every file of one must have."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from automl.errors import InvalidInput, Problem
from automl.training.repairs import Aside


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
    remarks
        What was odd in the file and how it was read, in words.
    aside
        Rows of the file that could not be read and are none of these.
    """

    columns: dict[str, list[Any]]
    text: bool
    rows: int
    remarks: tuple[str, ...] = ()
    aside: tuple[Aside, ...] = ()

    def require(self, name: str, *, role: str) -> list[Any]:
        """The column of this name, which the spec uses as `role`. Raises InvalidInput with the nearest name."""
        if name in self.columns:
            return self.columns[name]
        near = difflib.get_close_matches(name, list(self.columns), n=1)
        listed = ", ".join(list(self.columns)[:20])
        remedy = f"Did you mean '{near[0]}'?" if near else f"The table has the columns {listed}."
        raise invalid(f"{role} to be a column of the table", "no such column", remedy, column=name)


def check_names(names: Sequence[str]) -> None:
    """Refuse columns that cannot be told apart by their names. Raises InvalidInput."""
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


def check_rows(rows: int) -> None:
    """Refuse a table without rows. Raises InvalidInput."""
    if rows == 0:
        raise invalid("rows below the header", "a header only", "Upload the table with its rows.")


def invalid(expected: str, got: str, remedy: str, *, column: str | None = None) -> InvalidInput:
    """The error of one problem."""
    return InvalidInput.of([Problem(column=column, expected=expected, got=got, remedy=remedy)])
