"""Rows as clients of MLflow's scoring server send them (mlflow 3, `mlflow.pyfunc.scoring_server`).

The forms are those of `rows`, with that server's freedoms: columns the model does not know are left alone, as is what
stands beside the one form; `instances` may be columns as `inputs` may, and either one row of plain values.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from automl.errors import InvalidInput, Problem
from automl.scoring import rows
from automl.scoring.body import kind, load_object
from automl.scoring.reading import Reading, Rows, fitting
from automl.scoring.rows import FORMS


def from_json(reading: Reading, body: bytes) -> Rows:
    """Rows of a JSON body. Raises InvalidInput, TooLarge."""
    given = _object(body)
    found = [form for form in FORMS if form in given]
    if len(found) != 1:
        got = " and ".join(found) or "none"
        raise _bad("body", "exactly one of " + ", ".join(FORMS), got, "Send the rows in one of these forms.")
    value = given[found[0]]
    if not isinstance(value, list | dict):
        raise _bad(found[0], "rows", kind(value), f'Send {{"{found[0]}": [...]}}.')
    return fitting(reading, body, rows.from_value(_lenient(reading), _form(reading, found[0], value)))


def from_csv(reading: Reading, body: bytes) -> Rows:
    """Rows of a CSV body with a header. Raises InvalidInput, TooLarge."""
    return rows.from_csv(_lenient(reading), body)


def _lenient(reading: Reading) -> Reading:
    return replace(reading, parser=reading.parser.lenient())


def _form(reading: Reading, form: str, value: Any) -> dict[str, Any]:
    if form not in ("instances", "inputs"):
        return {form: value}
    if isinstance(value, dict):
        is_row = bool(value) and not any(isinstance(cell, list) for cell in value.values())
        return {"dataframe_records": [value]} if is_row else {"inputs": value}
    features = reading.signature.features
    if len(features) == 1 and value and not isinstance(value[0], list | dict):
        return {"inputs": {features[0].name: value}}  # values of the only column
    return {form: value}


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, in which NaN is null: mlflow's own client writes a missing number so."""
    try:
        return load_object(body)
    except InvalidInput:
        if b"NaN" not in body:
            raise
        return load_object(_NAN.sub(lambda found: found[1] or b"null", body))


_NAN = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+\\?+(?:"|\Z))|NaN', re.DOTALL)
"""NaN outside of texts. A text that does not end is one, too: so every quote matches, and the search is linear."""


def _bad(field: str, expected: str, got: str, remedy: str) -> InvalidInput:
    return InvalidInput.of([Problem(field=field, expected=expected, got=got, remedy=remedy)])
