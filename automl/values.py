"""One cell of a table, as JSON, CSV or Parquet brings it, turned into the value a model sees.

Each function takes a raw value and returns the canonical one, or raises ValueError with what was expected.
The rules are the same for every format, so the same row gives the same tensors however it travels:

- an empty string, null and NaN are a missing value;
- a number is finite; text is read as a number only where the format knows nothing but text (CSV), and there it may
  have commas between thousands;
- a category is Unicode NFC (unless it has more than 30 combining marks in a row); an integral number prints without
  its fraction (`7.0` and `7` are one category);
- a boolean becomes the category `true` or `false`;
- a datetime becomes UTC epoch seconds; a naive one is taken as UTC.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

MISSING = "\u0000"
"""The missing category. Reserved: text that contains it is refused as input."""

MISSING_TEXT = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Texts (in lower case) that mean a missing number, boolean or datetime in a CSV. For a category only "" does."""

THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
"""A number as text with commas between its thousands. A decimal comma (`1,5`) is none, and refused."""

TRUE = frozenset({"true", "t", "yes", "y", "1"})
FALSE = frozenset({"false", "f", "no", "n", "0"})
"""Texts (in lower case) that mean true and false."""

_MARKS = 30
"""Most combining marks in a row that are put in order, as stream-safe text has it (Unicode Standard Annex 15).
The time for it grows with the square of their number: minutes for a request of nothing else."""

_MARKS_OF_MARKS = "\u0f73\u0f75\u0f81"
"""The characters that are no marks themselves and decompose into nothing but marks."""

_INTEGRAL = re.compile(r"-?\d+\.0+")


def is_missing(value: Any) -> bool:
    """Whether a raw value of any format means that there is none."""
    return value is None or (isinstance(value, str) and not value) or (isinstance(value, float) and math.isnan(value))


def number(value: Any, *, text: bool = False) -> float:
    """A finite number as float64; NaN when missing.

    Parameters
    ----------
    value
        int or float (bool is refused), or text when `text`.
    text
        Whether the format knows nothing but text.

    Raises
    ------
    ValueError
        Saying what was expected.

    >>> number(" 4.5 ", text=True)
    4.5
    """
    if is_missing(value):
        return math.nan
    if text and isinstance(value, str):
        return _number_from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    try:
        result = float(value)
    except OverflowError as error:
        raise ValueError("a number that fits a float64") from error
    if math.isinf(result):
        raise ValueError("a finite number")
    return result


def category(value: Any) -> str:
    """The text of a category; `MISSING` when missing.

    Raises
    ------
    ValueError
        For anything but text, numbers and booleans, and for text that UTF-8 or the missing marker cannot hold.

    >>> category(7.0), category(True), category("7.0"), category("07")
    ('7', 'true', '7', '07')
    """
    if is_missing(value):
        return MISSING
    if isinstance(value, str):
        if value.isascii():
            if MISSING in value:
                raise ValueError("text without the character U+0000")
        else:
            return _clean(value)
        return str(value.partition(".")[0]) if value[-1] == "0" and _INTEGRAL.fullmatch(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    raise ValueError("text")


def boolean(value: Any) -> str:
    """`"true"`, `"false"` or `MISSING`.

    >>> boolean("Yes"), boolean(0)
    ('true', 'false')
    """
    if is_missing(value):
        return MISSING
    word = value.strip().lower() if isinstance(value, str) else category(value)
    if word in TRUE:
        return "true"
    if word in FALSE:
        return "false"
    if isinstance(value, str) and word in MISSING_TEXT:
        return MISSING
    raise ValueError("true or false")


def epoch(value: Any, *, form: str | None = None) -> float:
    """UTC epoch seconds of a datetime; NaN when missing.

    Parameters
    ----------
    value
        ISO 8601 text, text in `form`, epoch seconds (a number or its text), or a date or datetime.
    form
        A `strptime` format, tried before ISO 8601.

    >>> epoch("2026-11-20T16:00:00Z"), epoch("1/31/2011", form="%m/%d/%Y"), epoch(0)
    (1795190400.0, 1296432000.0, 0.0)
    """
    if is_missing(value):
        return math.nan
    if isinstance(value, str):
        return _epoch_from_text(value.strip(), form)
    if isinstance(value, datetime):
        return _timestamp(value)
    if isinstance(value, date):
        return _timestamp(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isinf(value):
        raise ValueError("a datetime")
    return float(value)


def _epoch_from_text(text: str, form: str | None) -> float:
    if form is not None:
        try:
            return _timestamp(datetime.strptime(text, form).replace(tzinfo=UTC))
        except ValueError:
            pass  # perhaps ISO, below
    try:
        return _timestamp(datetime.fromisoformat(text))
    except ValueError:
        pass  # perhaps epoch seconds, below
    try:
        return _number_from_text(text)
    except ValueError:
        raise ValueError("a datetime in ISO 8601" + (f" or as {form}" if form else "")) from None


def _timestamp(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number_from_text(text: str) -> float:
    try:
        result = math.nan if "_" in text else float(text)
    except ValueError:
        result = math.nan
    if not math.isfinite(result) and THOUSANDS.fullmatch(text.strip()):
        result = float(text.replace(",", ""))
    if math.isfinite(result):
        return result
    if text.strip().lower() in MISSING_TEXT:
        return math.nan
    raise ValueError("a finite number")


def _clean(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("text that UTF-8 can hold") from error
    if MISSING in text:
        raise ValueError("text without the character U+0000")
    return text if len(text) > _MARKS and _is_unordered(text) else unicodedata.normalize("NFC", text)


def _is_unordered(text: str) -> bool:
    """Whether more than `_MARKS` marks follow each other: such text stays as it came."""
    marks = (bool(unicodedata.combining(character)) or character in _MARKS_OF_MARKS for character in text)
    return any(is_mark and sum(1 for _ in run) > _MARKS for is_mark, run in groupby(marks))
