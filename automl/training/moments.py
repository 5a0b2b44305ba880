"""Which texts are numbers and which are moments, judged over all values of a column at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from automl import values

DATES = ("%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y")
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


def datetime_format(distinct: Collection[Any]) -> str | None:
    """How all of these values say a moment: "" for ISO 8601, a `strptime` format, or None when they do not.

    When several formats read all values differently (`3/4/2011` only ever with days up to 12), None is the answer.
    """
    if all(isinstance(value, date) for value in distinct):
        return ""
    if not all(isinstance(value, str) for value in distinct):
        return None
    texts = [value.strip() for value in distinct]
    if is_number(texts[0], text=True):
        return None
    if all(_reads(datetime.fromisoformat, text) for text in texts):
        return ""
    fits = [day + time for day in DATES for time in TIMES]
    for text in texts:
        fits = [form for form in fits if _reads(partial(moment, form=form), text)]
        if not fits:
            return None
    return fits[0] if len(fits) == 1 else None


def moment(text: str, *, form: str) -> datetime:
    """A text in a `strptime` format as a moment in UTC. Raises ValueError."""
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def is_number(value: Any, *, text: bool) -> bool:
    """Whether a raw value is a number as the signature would read it."""
    return _reads(lambda item: values.number(item, text=text), value)


def _reads(parse: Callable[[Any], object], value: Any) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True
