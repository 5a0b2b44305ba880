"""The schemas of one model's rows and answers, from its signature: exactly what `automl.parsing` reads."""

from __future__ import annotations

import csv
import io
from typing import Any

from automl import values
from automl.scoring.rows import FORMS
from automl.signature import Signature
from functions.api_document import cells as of_cells
from functions.api_document.shapes import Schema


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
    cells = {feature.name: of_cells.cell(feature, text_chars, refuses=refuses) for feature in signature.features}
    names = list(cells)
    example = example_row(signature)
    row = _row(signature, cells, key, text_chars)
    about = "One row: a value for each feature of the model. Other columns are not read."
    lenient = {**_features(cells), "description": about}
    as_list = _tuple([cells[name] for name in names])
    return {
        "Cell": {"description": "A value of some column."},
        "Row": {**row, "examples": [example]},
        "LenientRow": lenient,
        "BareRow": {**lenient, "additionalProperties": {"not": {"type": "array"}}},
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
            **_columns(row["properties"], names),
            "additionalProperties": {"type": "array"} if signature.unknown_columns == "ignore" else False,
            "examples": [{name: [value] for name, value in example.items()}],
        },
        "LenientColumns": {**_columns(cells, names), "additionalProperties": {"type": "array"}},
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
    return {feature.name: of_cells.example(feature) for feature in signature.features}


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
        others[key] = {**of_cells.text(text_chars), "description": "The business key: truth may be sent by it."}
    features = _features(cells)
    row: Schema = {
        **features,
        "description": "One row: a value for each feature of the model.",
        "properties": {**others, **features["properties"]},
    }
    if signature.unknown_columns == "refuse":
        return {**row, "additionalProperties": False}
    return {**row, "propertyNames": {"not": {"enum": list(FORMS)}}}


def _columns(cells: dict[str, Schema], names: list[str]) -> Schema:
    return {
        "type": "object",
        "description": "A list of values for each column, all equally long.",
        "required": names,
        "properties": {name: {"type": "array", "items": cell, "minItems": 1} for name, cell in cells.items()},
    }


def _features(cells: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": list(cells), "properties": cells}


def _label(signature: Signature, about: str) -> Schema:
    if signature.task == "regression":
        return {"type": "number", "description": about}
    return {"enum": list(signature.classes), "description": about}


def _probabilities(signature: Signature) -> Schema:
    # Sums of many trees' shares may end beyond 1 by rounding.
    share = {"type": "number", "minimum": 0, "maximum": 1.000001}
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
