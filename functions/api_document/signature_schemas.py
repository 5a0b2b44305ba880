"""The schemas of one model's rows and answers, from its signature: exactly what `automl.parsing` reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from automl import values
from automl.events import iso
from automl.scoring.rows import FORMS
from automl.signature import Feature, FeatureType, Signature
from functions.api_document.shapes import Schema

_NUMERIC_TEXT = r"^\s*[+-]?\d+(\.\d+)?([eE][+-]?\d{1,2})?\s*$"


def schemas(signature: Signature, *, key: str | None, text_chars: int) -> dict[str, Schema]:
    """The schemas of `components.scoring.any_model`, for this model.

    Parameters
    ----------
    key
        The column that carries the business key, if the model has one.
    text_chars
        Longest text of a category, in characters.
    """
    refuses = signature.unknown_categories == "refuse"
    cells = {feature.name: _cell(feature, text_chars, refuses=refuses) for feature in signature.features}
    names = list(cells)
    example = example_row(signature)
    as_list = _tuple([cells[name] for name in names])
    return {
        "Cell": {"description": "A value of some column."},
        "Row": {**_row(signature, cells, key, text_chars), "examples": [example]},
        "LenientRow": {
            **_features(cells),
            "description": "One row: a value for each feature of the model. Other columns are not read.",
        },
        "RowAsList": {
            **as_list,
            "description": f"One row: {', '.join(names)}.",
            "examples": [list(example.values())],
        },
        "Table": {
            "type": "object",
            "description": "The names of the columns once, then a list of values for each row.",
            "required": ["columns", "data"],
            "properties": {
                "columns": _tuple([{"const": name} for name in names]),
                "data": {"type": "array", "minItems": 1, "items": as_list},
            },
            "examples": [{"columns": names, "data": [list(example.values())]}],
        },
        "Columns": {
            "type": "object",
            "description": "A list of values for each column, all equally long.",
            "required": names,
            "properties": {name: {"type": "array", "items": cell, "minItems": 1} for name, cell in cells.items()},
            "examples": [{name: [value] for name, value in example.items()}],
        },
        "CsvRows": {
            "type": "string",
            "description": f"RFC 4180 CSV with a header: {', '.join(names)}.",
            "examples": [_csv(example)],
        },
        "Prediction": _label(signature, f"The predicted {signature.target}."),
        "Probabilities": _probabilities(signature),
        "TruthValue": _label(signature, f"What {signature.target} really was."),
    }


def example_row(signature: Signature) -> dict[str, Any]:
    """A row that the model scores: the middle of each range, the most frequent of each category."""
    return {feature.name: _example(feature) for feature in signature.features}


def _csv(row: dict[str, Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(
        [row, [str(value).lower() if isinstance(value, bool) else value for value in row.values()]]
    )
    return text.getvalue()


def _row(signature: Signature, cells: dict[str, Schema], key: str | None, text_chars: int) -> Schema:
    others: dict[str, Schema] = {
        name: {"description": f"Accepted and not read: {why}."} for name, why in signature.ignored.items()
    }
    others[signature.target] = {"description": "The target. Accepted and not read."}
    if key is not None:
        others[key] = {**_text(text_chars), "description": "The business key: truth may be sent by it."}
    features = _features(cells)
    row: Schema = {
        **features,
        "description": "One row: a value for each feature of the model.",
        "properties": {**others, **features["properties"]},
    }
    if signature.unknown_columns == "refuse":
        return {**row, "additionalProperties": False}
    return {**row, "propertyNames": {"not": {"enum": list(FORMS)}}}


def _features(cells: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": list(cells), "properties": cells}


def _cell(feature: Feature, text_chars: int, *, refuses: bool) -> Schema:
    named = {"title": feature.name, "description": _about(feature)}
    if feature.type != "category":
        return {**named, **_KINDS[feature.type]}
    if refuses:
        return {**named, **_known(feature)}
    return {**named, **_text(text_chars), "examples": list(feature.categories)}


def _text(most_chars: int) -> Schema:
    """Any category."""
    kinds = ["string", "number", "boolean", "null"]
    return {"type": kinds, "maxLength": most_chars, "pattern": "^[^\\u0000]*$"}


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
    return iso(_moment(value)) if feature.type == "datetime" else f"{value:g}"


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _example(feature: Feature) -> Any:
    if feature.type == "category":
        return feature.categories[0] if feature.categories else "a"
    if feature.type == "boolean":
        return True
    if feature.low is None or feature.high is None:
        return "2026-11-20T16:00:00Z" if feature.type == "datetime" else 1.0
    middle = (feature.low + feature.high) / 2
    return iso(_moment(middle)) if feature.type == "datetime" else middle


def _label(signature: Signature, about: str) -> Schema:
    if signature.task == "regression":
        return {"type": "number", "description": about}
    return {"enum": list(signature.classes), "description": about}


def _probabilities(signature: Signature) -> Schema:
    share = {
        "type": "number",
        "minimum": 0,
        "maximum": 1.000001,
    }  # sums of many trees' shares end beyond 1 by rounding
    classes = [values.category(label) for label in signature.classes]
    return {
        "type": "object",
        "description": "The probability of each class.",
        "required": classes,
        "properties": dict.fromkeys(classes, share),
        "additionalProperties": False,
    }


def _tuple(items: list[Schema]) -> Schema:
    count = len(items)
    return {"type": "array", "prefixItems": items, "items": False, "minItems": count, "maxItems": count}


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
