"""Rows in, predictions out, as JSON Schemas for models of any signature."""

from __future__ import annotations

from typing import Any

from functions.api_document.shapes import Schema

_ROW = {"age": 39, "workclass": "State-gov", "since": "2026-11-20T16:00:00Z", "member": True}


def schemas() -> dict[str, Schema]:
    """The schemas of this room, by name; `signature_schemas` says more of the first ones for one model."""
    return {**any_model(), **_scoring()}


def any_model() -> dict[str, Schema]:
    """The schemas that depend on the model, for all that can be said of any."""
    cell: Schema = {
        "description": "A number, text, true, false, an ISO 8601 time, or null.",
        "type": ["number", "string", "boolean", "null"],
    }
    cells = {"type": "array", "items": _ref("Cell")}
    return {
        "Cell": cell,
        "Row": {
            "type": "object",
            "description": "One row: a value for each feature. GET /models/{model}/openapi.json names them.",
            "minProperties": 1,
            "additionalProperties": _ref("Cell"),
            "examples": [_ROW],
        },
        "RowAsList": {**cells, "description": "One row: the values in the order of the model's signature."},
        "Table": {
            "type": "object",
            "description": "The names of the columns once, then a list of values for each row.",
            "required": ["columns", "data"],
            "properties": {
                "columns": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                "data": {"type": "array", "minItems": 1, "items": cells},
            },
        },
        "Columns": {
            "type": "object",
            "description": "A list of values for each column, all equally long.",
            "additionalProperties": {**cells, "minItems": 1},
        },
        "CsvRows": {
            "type": "string",
            "description": "RFC 4180 CSV with a header.",
            "examples": ["age,workclass\r\n39,State-gov\r\n"],
        },
        "Prediction": {
            "description": "A class of the model, or for a regression a number.",
            "type": ["string", "number", "boolean"],
        },
        "Probabilities": {
            "type": "object",
            "description": "The probability of each class.",
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1.000001},
        },
        "TruthValue": {
            "description": "What really happened: a class of the model, or for a regression a number.",
            "type": ["string", "number", "boolean"],
        },
    }


def _scoring() -> dict[str, Schema]:
    rows = {"type": "array", "minItems": 1, "items": _ref("Row")}
    lists = {"type": "array", "minItems": 1, "items": _ref("RowAsList")}
    either = {"anyOf": [rows, lists]}
    return {
        "ScoreRequest": {
            "description": "Rows in one of the forms of MLflow's scoring server, or one bare row.",
            "anyOf": [
                _form("dataframe_records", rows),
                _form("dataframe_split", _ref("Table")),
                _form("instances", either),
                _form("inputs", {"anyOf": [rows, lists, _ref("Columns")]}),
                _ref("Row"),
            ],
        },
        "Scores": {
            "type": "object",
            "required": ["model", "version", "predictions", "prediction_ids", "logged"],
            "properties": {
                "model": {"type": "string"},
                "version": {"type": "string", "description": "The version that answered."},
                "predictions": {"type": "array", "items": _ref("Prediction")},
                "probabilities": {
                    "type": "array",
                    "items": _ref("Probabilities"),
                    "description": "Of each row; not for a regression.",
                },
                "prediction_ids": {
                    "type": "array",
                    "items": {"type": "string", "format": "uuid"},
                    "description": "By which the truth may be sent later, one a row.",
                },
                "logged": {"type": "boolean", "description": "Whether truth can be sent for these predictions."},
            },
        },
    }


def _form(name: str, rows: Schema) -> Schema:
    params: Schema = {"description": "What MLflow's clients send beside the rows; not read."}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name],
        "properties": {name: rows, "params": params},
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
