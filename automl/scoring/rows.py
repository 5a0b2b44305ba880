"""The rows of a scoring request, in whichever form they come, as the tensors a model sees.

JSON bodies are one of the forms that MLflow's scoring server takes, or one bare row:

- `{"dataframe_records": [{"age": 39, ...}, ...]}`
- `{"dataframe_split": {"columns": ["age", ...], "data": [[39, ...], ...]}}`
- `{"instances": [...]}`: objects, or lists of values in the order of the signature
- `{"inputs": {"age": [39, ...], ...}}`, or the same lists as `instances`
- `{"age": 39, ...}`

A form is told from a bare row whose column has the same name by its value: rows are a list or an object, a cell
never is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from automl.errors import InvalidInput, Problem
from automl.scoring.body import kind, loads
from automl.scoring.reading import Reading, Rows, check_columns, check_count, fitting, keys_of, refuse
from automl.scoring.table import read_csv
from automl.signature import Signature

FORMS = ("dataframe_records", "dataframe_split", "instances", "inputs")
_BESIDES = frozenset({"params"})
"""What MLflow clients send beside a form; not read."""

_EXAMPLE = 'Send {"dataframe_records": [{...}]}.'


def from_json(reading: Reading, body: bytes) -> Rows:
    """Rows of a JSON body. Raises InvalidInput, TooLarge."""
    return fitting(reading, body, from_value(reading, loads(body)))


def from_value(reading: Reading, value: Any) -> Rows:
    """Rows of a decoded JSON body. Raises InvalidInput, TooLarge."""
    if not isinstance(value, dict):
        raise _bad("body", "a JSON object", kind(value), _EXAMPLE)
    form = _form(reading.signature, value)
    return _records(reading, [value]) if form is None else _READERS[form](reading, value[form])


def from_csv(reading: Reading, body: bytes) -> Rows:
    """Rows of a CSV body with a header. Raises InvalidInput, TooLarge."""
    return fitting(reading, body, _columns(reading, read_csv(body), text=True))


def from_columns(reading: Reading, columns: Mapping[str, Sequence[Any]]) -> Rows:
    """Rows of equally long columns of raw values. Raises InvalidInput, TooLarge."""
    return _columns(reading, columns, text=False)


def _form(signature: Signature, body: Mapping[str, Any]) -> str | None:
    if len(body) == 1 and isinstance(body.get("dataframe_records"), list):
        return "dataframe_records"  # the usual one, at once
    found = [name for name in FORMS if isinstance(body.get(name), list | dict)]
    if len(found) > 1:
        raise _bad("body", "one of " + ", ".join(FORMS), " and ".join(found), "Send one form.")
    if not found:
        columns = {feature.name for feature in signature.features}
        for name in FORMS:
            if name in body and name not in columns:
                raise _bad(name, "rows", kind(body[name]), _EXAMPLE)
        if not body:
            raise _bad("body", "rows", "an empty object", _EXAMPLE)
        return None
    if unknown := body.keys() - set(found) - _BESIDES:
        raise _bad(_short(min(unknown)), f"nothing beside {found[0]}", "an unknown field", "Leave it out.")
    return found[0]


def _dataframe_records(reading: Reading, value: Any) -> Rows:
    if not isinstance(value, list):
        raise _bad("dataframe_records", "a list of objects", kind(value), _EXAMPLE)
    return _records(reading, value)


def _dataframe_split(reading: Reading, value: Any) -> Rows:
    expected = 'an object with "columns" and "data"'
    if not isinstance(value, dict):
        raise _bad("dataframe_split", expected, kind(value), 'Send {"columns": [...], "data": [[...]]}.')
    names, data = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad("dataframe_split.columns", "a list of column names", kind(names), "Send the names.")
    if not isinstance(data, list):
        raise _bad("dataframe_split.data", "a list of rows", kind(data), "Send one list of values for each row.")
    check_columns(reading, len(names))
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise _bad("dataframe_split.columns", "each column once", f"'{_short(min(twice))}' twice", "Send it once.")
    return _lists(reading, "dataframe_split.data", names, data)


def _instances(reading: Reading, value: Any, field: str = "instances") -> Rows:
    if not isinstance(value, list):
        raise _bad(field, "a list of rows", kind(value), _EXAMPLE)
    if value and isinstance(value[0], list):
        return _lists(reading, field, [feature.name for feature in reading.signature.features], value)
    return _records(reading, value)


def _inputs(reading: Reading, value: Any) -> Rows:
    if not isinstance(value, dict):
        return _instances(reading, value, "inputs")
    check_columns(reading, len(value))
    remedy = "Send one value for each row."
    refuse(
        Problem(field=f"inputs.{_short(name)}", expected="a list of values", got=kind(column), remedy=remedy)
        for name, column in value.items()
        if not isinstance(column, list)
    )
    lengths = {name: len(column) for name, column in value.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{count} for '{_short(name)}'" for name, count in list(lengths.items())[:10])
        raise _bad("inputs", "equally long columns", told, "Send one value for each row in every column.")
    return _columns(reading, value, text=False)


_READERS = {
    "dataframe_records": _dataframe_records,
    "dataframe_split": _dataframe_split,
    "instances": _instances,
    "inputs": _inputs,
}


def _records(reading: Reading, records: list[Any]) -> Rows:
    check_count(reading, len(records))
    if set(map(type, records)) != {dict}:
        remedy = "Send each row as an object."
        refuse(
            Problem(field="body", expected="an object", got=kind(record), row=row, remedy=remedy)
            for row, record in enumerate(records)
            if not isinstance(record, dict)
        )
    check_columns(reading, max(map(len, records)))
    tensors = reading.parser.records(records)
    name = reading.key
    if name is None or not any(name in record for record in records):
        return Rows(tensors=tensors)
    return Rows(tensors=tensors, keys=keys_of(reading, name, [record.get(name) for record in records]))


def _lists(reading: Reading, field: str, names: Sequence[str], data: list[Any]) -> Rows:
    check_count(reading, len(data))
    remedy = f"Send one value for each of: {', '.join(map(_short, names[:10]))}{', …' if len(names) > 10 else ''}."
    refuse(
        Problem(field=field, expected=f"{len(names)} values in a list", got=_width(cells), row=row, remedy=remedy)
        for row, cells in enumerate(data)
        if not isinstance(cells, list) or len(cells) != len(names)
    )
    columns = dict(zip(names, map(list, zip(*data, strict=True)), strict=True))
    return _columns(reading, columns, text=False)


def _columns(reading: Reading, columns: Mapping[str, Sequence[Any]], *, text: bool) -> Rows:
    check_columns(reading, len(columns))
    check_count(reading, len(next(iter(columns.values()), ())))
    tensors = reading.parser.columns(columns, text=text)
    if reading.key is None or reading.key not in columns:
        return Rows(tensors=tensors)
    return Rows(tensors=tensors, keys=keys_of(reading, reading.key, columns[reading.key]))


def _width(cells: Any) -> str:
    return f"{len(cells)} values" if isinstance(cells, list) else kind(cells)


def _short(name: str) -> str:
    """A name that the caller made up, as far as a message repeats it."""
    return name if len(name) <= 60 else f"{name[:57]}..."


def _bad(field: str, expected: str, got: str, remedy: str) -> InvalidInput:
    return InvalidInput.of([Problem(field=field, expected=expected, got=got, remedy=remedy)])
