"""Columns that mean numbers or moments and write them in a way that cannot be read for certain: refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from itertools import islice

from automl import values
from automl.errors import InvalidInput, Problem
from automl.training.moments import DATES, TIMES, is_number, moment

_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")
_MOST = 0.9
"""Share of the different values looked at that must be dates before a column is called one of dates."""

_SAMPLE = 500
"""Different values of a column that are looked at for dates."""

_GLANCE = 20
"""After so many values without a date among them the column has none."""


def refuse_odd_text(name: str, cells: Sequence[str], distinct: Collection[str]) -> None:
    """Refuse decimal commas and dates written in several ways, both of which would quietly become categories.

    Raises
    ------
    InvalidInput
        Naming a row of each way of writing.
    """
    _refuse_decimal_commas(name, cells, distinct)
    _refuse_mixed_dates(name, cells, distinct)


def _refuse_decimal_commas(name: str, cells: Sequence[str], distinct: Collection[str]) -> None:
    texts = [value.strip() for value in distinct]
    commas = {text for text in texts if _DECIMAL_COMMA.fullmatch(text)}
    if all(values.THOUSANDS.fullmatch(text) for text in commas):
        return
    if sum(text in commas or is_number(text, text=True) for text in texts) == len(texts):
        row = next(index for index, cell in enumerate(cells) if cell.strip() in commas)
        remedy = "Save the table with decimal points, or set columns.types to category."
        raise _odd(name, "numbers with a decimal point", f"{cells[row]!r}", remedy, row)


def _refuse_mixed_dates(name: str, cells: Sequence[str], distinct: Collection[str]) -> None:
    ways: dict[str, str] = {}
    texts = [cell.strip() for cell in islice((each for each in dict.fromkeys(cells) if each in distinct), _SAMPLE)]
    for count, text in enumerate(texts):
        if (way := _way(text)) is not None:
            ways.setdefault(way, text)
        elif count >= _GLANCE and not ways:
            return
    if len(ways) < 2 or sum(_way(text) is not None for text in texts) < _MOST * len(texts):
        return
    order = [cell.strip() for cell in cells]
    examples = sorted(ways.values(), key=order.index)
    got = " and ".join(repr(example) for example in examples[:3])
    remedy = "Write all of them like 2026-11-20, or set columns.types to category."
    raise _odd(name, "dates written in one way", got, remedy, order.index(examples[1]))


def _way(text: str) -> str | None:
    """The shape in which a text says a moment, such as `*.*.*`; None where it says none."""
    if is_number(text, text=True):
        return None
    if _reads(datetime.fromisoformat, text):
        return "ISO 8601"
    for form in (day + time for day in DATES for time in TIMES):
        if _reads(partial(moment, form=form), text):
            return re.sub(r"%\w", "*", form)
    return None


def _reads(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _odd(name: str, expected: str, got: str, remedy: str, row: int) -> InvalidInput:
    return InvalidInput.of([Problem(column=name, expected=expected, got=got, remedy=remedy, row=row)])
