"""The same rows in each form that a body may have."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

Records = Sequence[Mapping[str, Any]]

FEATURES = ("age", "job", "since", "member")
"""Columns of the fuzzed models, in the order of their signature."""

JSON_FORMS = ("dataframe_records", "dataframe_split", "instances", "instances of lists", "inputs", "inputs of rows")
FORMS = (*JSON_FORMS, "one object", "csv")
ALL = (*FORMS, "MLflow", "tensors in JSON", "tensors in binary")
"""With those of the protocols."""


def body(form: str, records: Records) -> Any:
    """Rows that all have the same columns, as the JSON value of a form.

    >>> body("inputs", [{"age": 1}, {"age": 2}])
    {'inputs': {'age': [1, 2]}}
    """
    names = list(records[0])
    if form == "dataframe_split":
        return {form: {"columns": names, "data": [[record[name] for name in names] for record in records]}}
    if form == "instances of lists":
        return {"instances": [[record[name] for name in FEATURES] for record in records]}
    if form == "inputs":
        return {form: {name: [record[name] for record in records] for name in names}}
    if form == "one object":
        return dict(records[0])
    return {form.partition(" ")[0]: [dict(record) for record in records]}


def as_csv(records: Records) -> str:
    """The same rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(records[0])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    return text.getvalue()


def form_of(value: Mapping[str, Any]) -> str:
    """The form of an accepted JSON body."""
    for form in ("dataframe_records", "dataframe_split", "instances", "inputs"):
        rows = value.get(form)
        if isinstance(rows, dict):
            return form
        if isinstance(rows, list):
            within = " of lists" if isinstance(rows[0], list) else ""
            return "inputs of rows" if form == "inputs" and not within else form + within
    return "one object"


def records_of(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The features of each row of an accepted JSON body, whichever form it has."""
    form = form_of(value)
    if form == "one object":
        rows: list[dict[str, Any]] = [dict(value)]
    elif form == "dataframe_split":
        split = value[form]
        rows = [dict(zip(split["columns"], cells, strict=True)) for cells in split["data"]]
    elif form == "inputs":
        columns = value[form]
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    elif form.endswith(" of lists"):
        rows = [dict(zip(FEATURES, cells, strict=True)) for cells in value[form.partition(" ")[0]]]
    else:
        rows = value[form.partition(" ")[0]]
    return [{name: row[name] for name in FEATURES} for row in rows]


def is_same_in_csv(record: Mapping[str, Any]) -> bool:
    """Whether a row means the same as CSV, which has text alone and reads numbers and dates from it."""
    whole = isinstance(record["job"], int | str | None) and isinstance(record["since"], str | None)
    return whole and not isinstance(record["member"], float)  # as text 0.0 is no boolean


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool) else value
