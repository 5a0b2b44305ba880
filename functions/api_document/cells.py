"""The schemas of single cells, from the features of a signature: exactly the values that `automl.parsing` reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from automl import values
from automl.events import iso
from automl.signature import Feature, FeatureType
from functions.api_document.shapes import Schema

_NUMERIC_TEXT = r"^\s*[+-]?\d+(\.\d+)?([eE][+-]?\d{1,2})?\s*$"
_FIRST_S, _LAST_S = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1, 9999))
"""Epoch seconds between which a moment has a date."""


def cell(feature: Feature, text_chars: int, *, refuses: bool) -> Schema:
    """The schema of a cell.

    Parameters
    ----------
    text_chars
        Longest text of a category, in characters.
    refuses
        Whether a category that training never saw is refused.
    """
    named = {"title": feature.name, "description": _about(feature)}
    if feature.type != "category":
        return {**named, **_KINDS[feature.type]}
    if refuses:
        return {**named, **_known(feature)}
    return {**named, **text(text_chars), "examples": list(feature.categories)}


def text(most_chars: int) -> Schema:
    """Any category."""
    kinds = ["string", "number", "boolean", "null"]
    return {"type": kinds, "maxLength": most_chars, "pattern": "^[^\\u0000]*$"}


def example(feature: Feature) -> Any:
    """A cell that the model scores: the middle of the range, the most frequent category."""
    if feature.type == "category":
        return feature.categories[0] if feature.categories else None
    if feature.type == "boolean":
        return True
    if feature.low is None or feature.high is None:
        return "2026-11-20T16:00:00Z" if feature.type == "datetime" else 1.0
    middle = feature.low / 2 + feature.high / 2
    return _as_time(middle) if feature.type == "datetime" else middle


def _known(feature: Feature) -> Schema:
    """The categories that training saw, in every way that they may be written, and none."""
    known = {"enum": [*feature.categories, *_unquoted(feature.categories), "", None]}
    integers = [name for name in feature.categories if re.fullmatch(r"-?\d+", name)]
    if not integers:
        return known
    return {"anyOf": [known, {"type": "string", "pattern": f"^({'|'.join(integers)})\\.0+$"}]}


def _unquoted(categories: tuple[str, ...]) -> Iterator[float | bool]:
    """The numbers and booleans that are taken for one of the categories."""
    yield from (word == "true" for word in ("true", "false") if word in categories)
    for name in categories:
        try:
            number = float(name)
        except ValueError:
            continue
        if values.category(number) == name:
            yield number


def _about(feature: Feature) -> str:
    sentences = [_READ[feature.type]]
    if feature.format is not None:
        sentences.append(f"In training it was written as {feature.format}.")
    if feature.low is not None and feature.high is not None:
        low, high = _shown(feature, feature.low), _shown(feature, feature.high)
        sentences.append(f"Training saw {low} to {high}.")
    gaps = "some missing values" if feature.nullable else "no missing value"
    sentences.append(f"Training saw {gaps}; null is accepted.")
    return " ".join(sentences)


def _shown(feature: Feature, value: float) -> str:
    return str(_as_time(value)) if feature.type == "datetime" else f"{value:g}"


def _as_time(epoch_s: float) -> str | float:
    """ISO 8601, or the number itself where there is no such date."""
    return iso(datetime.fromtimestamp(epoch_s, UTC)) if _FIRST_S <= epoch_s <= _LAST_S else epoch_s


def _either_case(words: frozenset[str]) -> str:
    """A pattern for words in any case; ECMAScript's patterns know no flag for it."""
    either = ("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in word) for word in sorted(words))
    return r"^\s*(" + "|".join(either) + r")\s*$"


_KINDS: dict[FeatureType, Schema] = {
    "number": {"type": ["number", "null", "string"], "maxLength": 0},
    "boolean": {
        "anyOf": [
            {"type": ["boolean", "null"]},
            {"enum": [0, 1]},
            {"type": "string", "pattern": _either_case(values.TRUE | values.FALSE | values.MISSING_TEXT)},
        ]
    },
    "datetime": {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": ["number", "null"]},
            {"type": "string", "pattern": _NUMERIC_TEXT},
            {"type": "string", "pattern": _either_case(values.MISSING_TEXT)},
        ]
    },
}
"""What is read as each type but text, missing values included."""

_READ: dict[FeatureType, str] = {
    "number": "A number. Empty text is a missing one.",
    "category": "Text; a number or a boolean is taken for its text. Empty text is a missing one.",
    "boolean": "True or false, also as 1 and 0 or as words.",
    "datetime": "A time in ISO 8601, without an offset in UTC; or epoch seconds.",
}
