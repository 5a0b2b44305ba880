"""What one column of a training table is: a type for the signature, or a reason to leave it out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from automl import values
from automl.errors import InvalidInput, Problem
from automl.signature import FeatureType
from automl.training.moments import datetime_format, is_number
from automl.training.oddities import refuse_odd_text

EXACT_INTEGER = 2**53
"""Larger whole numbers are not told apart by a float64."""

_BOOLEAN_WORDS = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"})
_ID_NAME = re.compile(r"(^|[_\-. ])(id|key|uuid|guid|rowid|row_?number)$|[a-z](Id|ID|Key)$", re.ASCII)
_LONG_TEXT = 40
"""Mean length in characters from which almost unique text is called free text rather than an identifier."""

_MOSTLY = 0.9
"""Share of cells that are numbers from which the few others are called mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A verdict on a column.

    Parameters
    ----------
    type
        The type of the feature; None when the column is left out.
    format
        `strptime` format of a datetime that is not ISO 8601.
    ignored
        Why the column is left out.
    """

    type: FeatureType | None = None
    format: str | None = None
    ignored: str = ""


def kind_of(name: str, cells: Sequence[Any], *, text: bool, wanted: FeatureType | None = None) -> Kind:
    """Judge a column.

    Parameters
    ----------
    cells
        Raw values, text only when `text`.
    wanted
        The type the spec names, which overrides everything but a column without any value.

    Raises
    ------
    InvalidInput
        When nearly every cell is a number and a few are not, naming the first of them; or when numbers have decimal
        commas, or dates are written in several ways.
    """
    present = set(cells)
    distinct = {value for value in present if not _is_missing(value)}
    if not distinct:
        return Kind(ignored="every value is missing")
    form = datetime_format(distinct) if wanted in (None, "datetime") else None
    if wanted is not None:
        return Kind(type=wanted, format=form or None)
    if len(present) == 1:
        return Kind(ignored=f"every value is {next(iter(distinct))!r}")
    if form is not None:
        return Kind(type="datetime", format=form or None)
    if text:
        refuse_odd_text(name, cells, distinct)
    return _plain_kind(name, cells, distinct, text=text)


def _is_missing(value: Any) -> bool:
    return values.is_missing(value) or (isinstance(value, str) and value.strip().lower() in values.MISSING_TEXT)


def _plain_kind(name: str, cells: Sequence[Any], distinct: set[Any], *, text: bool) -> Kind:
    """The verdict on a column that varies and says no moments."""
    if _are_booleans(distinct):
        return Kind(type="boolean")
    count = sum(1 for value in cells if not _is_missing(value))
    if _are_numbers(name, cells, distinct, text=text):
        return _number_kind(name, distinct, count, text=text)
    return _text_kind(distinct, count)


def _are_booleans(distinct: Collection[Any]) -> bool:
    if all(isinstance(value, bool) for value in distinct):
        return True
    if not all(isinstance(value, str) for value in distinct):
        return False
    words = {value.strip().lower() for value in distinct}
    return any(words <= pair for pair in _BOOLEAN_WORDS)


def _are_numbers(name: str, cells: Sequence[Any], distinct: set[Any], *, text: bool) -> bool:
    if text and any(re.fullmatch(r"-?0\d+", value.strip()) for value in distinct):
        return False  # 007 and 02139 are codes: their leading zeros mean something
    others = {value for value in distinct if not is_number(value, text=text)}
    if not others:
        return True
    if not text:
        return False
    wrong = sum(1 for value in cells if value in others)
    few = len(others) <= 5 and len(distinct) > 20
    if few and wrong <= (1 - _MOSTLY) * len(cells):
        row = next(index for index, value in enumerate(cells) if value in others)
        expected = f"a number as in {1 - wrong / len(cells):.1%} of the rows"
        remedy = f"Correct or empty the {wrong} such cells, or set columns.types to category."
        raise InvalidInput.of(
            [Problem(column=name, row=row, expected=expected, got=repr(cells[row])[:60], remedy=remedy)]
        )
    return False


def _number_kind(name: str, distinct: set[Any], count: int, *, text: bool) -> Kind:
    numbers = {_whole(value, text=text) for value in distinct}
    if None in numbers:
        return Kind(type="number")
    whole = {number for number in numbers if number is not None}
    unique = len(whole) == count
    if max(abs(min(whole)), abs(max(whole))) > EXACT_INTEGER:
        if unique:
            return Kind(ignored="an identifier: whole numbers beyond 2^53, each of them once")
        return Kind(type="category")
    if unique and max(whole) - min(whole) + 1 == count:
        return Kind(ignored="an identifier: it counts the rows")
    if unique and _ID_NAME.search(name):
        return Kind(ignored="an identifier: named like one, and every value is there once")
    return Kind(type="number")


def _whole(value: Any, *, text: bool) -> int | None:
    """The value as an exact whole number, or None when it is not one."""
    if isinstance(value, str):
        digits = re.fullmatch(r"\s*([+-]?\d+)(?:\.0*)?\s*", value)
        if digits:
            return int(digits[1])
    number = values.number(value, text=text)
    if isinstance(value, int):
        return value
    return int(number) if number.is_integer() else None


def _text_kind(distinct: set[Any], count: int) -> Kind:
    share = len(distinct) / count
    mean = sum(len(value) for value in distinct if isinstance(value, str)) / len(distinct)
    if share > _MOSTLY and mean >= _LONG_TEXT:
        return Kind(ignored="free text: almost every value is different; make columns of what matters in it")
    if share == 1:
        return Kind(ignored="an identifier: every value is there once")
    return Kind(type="category")
