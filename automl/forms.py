"""A JSON object read into a dataclass by rules, every problem named at once.

A rule is a check and what it expects in words. Rules are keyed by the path of their field (`search.seed`); a field
whose default is made by another dataclass is a section, read by the rules below its name. A check says the same as
JSON Schema, too, for those who write clients.
"""

from __future__ import annotations

import dataclasses
import difflib
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from automl.errors import InvalidInput, Problem

T = TypeVar("T")

_BRIEFLY = reprlib.Repr()
"""Callers send values as long as a body and as deep as JSON goes; repr alone would follow them to their end."""
_BRIEFLY.maxlist = _BRIEFLY.maxdict = 10
_BRIEFLY.maxstring = _BRIEFLY.maxlong = _BRIEFLY.maxother = 60


@dataclass(frozen=True, slots=True)
class Check:
    """What a field accepts.

    Parameters
    ----------
    accept
        Gives the value back as it is kept, or raises ValueError.
    schema
        The same as JSON Schema (2020-12).
    """

    accept: Callable[[Any], Any]
    schema: Mapping[str, Any]

    def __call__(self, value: Any) -> Any:
        return self.accept(value)


Rules = Mapping[str, tuple[Check, str]]


def read(kind: type[T], data: Any, rules: Rules, *, name: str) -> T:
    """A dataclass out of a JSON object.

    Parameters
    ----------
    name
        What the object is called in a message.

    Raises
    ------
    InvalidInput
        With one problem for every key that is unknown, missing or of the wrong kind.
    """
    problems: list[Problem] = []
    values = _values(kind, data, "" if isinstance(data, Mapping) else name, rules, problems)
    if problems:
        raise InvalidInput.of(problems)
    return kind(**values)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_text(item) for item in value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


text = Check(_text, {"type": "string", "minLength": 1})
"""A text that is not empty."""

texts = Check(_texts, {"type": "array", "items": text.schema})
"""A list of texts."""

flag = Check(_flag, {"type": "boolean"})
"""True or false."""


def option(*options: str) -> Check:
    """One of the given texts."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in options:
            raise ValueError
        return value

    return Check(check, {"type": "string", "enum": list(options)})


def number(low: float, high: float) -> Check:
    """A number within bounds, both included."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return Check(check, {"type": "number", "minimum": low, "maximum": high})


def whole(low: int, high: int) -> Check:
    """A whole number within bounds, both included."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return Check(check, {"type": "integer", "minimum": low, "maximum": high})


def or_none(check: Check) -> Check:
    """Null, or what the check accepts."""
    return Check(lambda value: None if value is None else check(value), {"anyOf": [check.schema, {"type": "null"}]})


def shown(value: Any) -> str:
    """A value as an error message shows it, 60 characters at most; no more of it is looked at than that takes."""
    result = _BRIEFLY.repr(value)
    return result if len(result) <= 60 else result[:57] + "..."


def _values(kind: type, data: Any, path: str, rules: Rules, problems: list[Problem]) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        problems.append(
            Problem(field=path.rstrip("."), expected="an object", got=shown(data), remedy="Send a JSON object.")
        )
        return {}
    known = {item.name: item for item in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in data.items():
        where = f"{path}{key}"
        if key not in known:
            problems.append(_unknown(where, str(key), list(known)))
        elif (section := section_type(known[key])) is not None:
            values[key] = _section(section, value, where, rules, problems)
        else:
            check, expected = rules[where]
            try:
                values[key] = check(value)
            except (ValueError, InvalidInput):
                remedy = "Change it or leave it out."
                problems.append(Problem(field=where, expected=expected, got=shown(value), remedy=remedy))
    for field in known.values():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and field.name not in data:
            where = f"{path}{field.name}"
            remedy = f"Add '{where}'."
            problems.append(Problem(field=where, expected=rules[where][1], got="nothing", remedy=remedy))
    return values


def _section(kind: type, data: Any, where: str, rules: Rules, problems: list[Problem]) -> Any:
    """A section; its defaults where it has problems, which are noted."""
    before = len(problems)
    values = _values(kind, data, f"{where}.", rules, problems)
    return kind(**values) if len(problems) == before else kind()


def section_type(field: dataclasses.Field[Any]) -> type | None:
    """The dataclass of a field that is a section; None for any other field."""
    made: Any = field.default_factory
    return made if isinstance(made, type) and dataclasses.is_dataclass(made) else None


def _unknown(where: str, key: str, known: list[str]) -> Problem:
    near = difflib.get_close_matches(key, known, n=1)
    remedy = f"Did you mean '{near[0]}'?" if near else "Remove it."
    return Problem(field=where, expected="one of " + ", ".join(known), got="an unknown key", remedy=remedy)
