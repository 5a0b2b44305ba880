"""Log lines as rows of a Delta table, and back. `date` is the UTC day of the log that a line was written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from automl.lake import features, labels
from automl.lake.features import LOGGED, Layout
from automl.log import Kind

DATE = "date"
"""The partition column."""

ORDERED: Mapping[Kind, str] = {"predictions": "id", "truth": "received"}
"""The column that grows with time: the files that may hold some rows are known by its range alone."""

_PREDICTION = frozenset(
    {"id", "key", "model", "version", "role", "at", "features", "prediction", "probabilities", "latency_us"}
)
_TRUTH = frozenset({"id", "key", "truth", "at", "received", "source"})
_KINDS: Mapping[str, features.Kind] = {"double": "number", "string": "text", "bool": "boolean"}
FIELDS: Mapping[Kind, frozenset[str]] = {"predictions": _PREDICTION, "truth": _TRUTH}


def schema(kind: Kind) -> Any:
    """`pyarrow.Schema` of a table that has no features yet."""
    import pyarrow as pa

    text, number, moment = pa.string(), pa.float64(), pa.timestamp("us", "UTC")
    named = {DATE: pa.date32(), "at": moment, "id": text, "key": text}
    own = {
        "predictions": {
            "version": text, "role": text, "prediction": text, "prediction_number": number,
            "probabilities": pa.list_(number), "latency_us": pa.int64(), "logged": text,
        },
        "truth": {"received": moment, "source": text, "truth": text, "truth_number": number},
    }[kind]  # fmt: skip
    return pa.schema({**named, **own, "more": text})


def table(kind: Kind, records: Sequence[Mapping[str, Any]], day: str, layout: Layout) -> Any:
    """Decoded lines as a `pyarrow.Table`.

    Parameters
    ----------
    day
        `YYYY-MM-DD`: the folder of the log that they are from.
    layout
        Of the table they are for.

    Notes
    -----
    Fields that this release does not know are kept in `more`, as JSON.
    """
    import pyarrow as pa

    def cells(name: str) -> list[Any]:
        return [record.get(name) for record in records]

    answer = "prediction" if kind == "predictions" else "truth"
    texts, numbers = labels.columns(cells(answer))
    columns: dict[str, Any] = {
        DATE: [date.fromisoformat(day)] * len(records),
        "at": _moments(cells("at")),
        "id": cells("id"),
        "key": cells("key"),
        answer: texts,
        f"{answer}_number": numbers,
        "more": _more(records, FIELDS[kind]),
    }
    if kind == "truth":
        columns["received"] = _moments(cells("received"))
        columns["source"] = cells("source")
        return pa.table(columns, schema=schema(kind))
    for name in ("version", "role", "probabilities", "latency_us"):
        columns[name] = cells(name)
    columns["logged"] = [None] * len(records)
    own = layout.table(cells("features"))
    made = pa.table(columns, schema=schema(kind)).drop(["logged"])
    for field in own.schema:
        made = made.append_column(field, own.column(field.name))
    return made


def parsed(kind: Kind, given: Any, day: str, layout: Layout) -> Any:
    """Lines that Arrow has parsed, all with the same fields that this release knows, as `table` makes them.

    Parameters
    ----------
    given
        `pyarrow.Table` of one chunk, with the fields of the lines; `features` is a struct.
    """
    import pyarrow as pa

    own, count = schema(kind), len(given)
    columns: dict[str, Any] = {DATE: pa.repeat(pa.scalar(date.fromisoformat(day)), count)}
    for name in set(given.column_names) & set(own.names):
        column = given.column(name)
        is_moment = pa.types.is_timestamp(own.field(name).type)
        columns[name] = column.cast(pa.timestamp("ms", "UTC")) if is_moment else column
    answer = "prediction" if kind == "predictions" else "truth"
    columns[answer], columns[f"{answer}_number"] = labels.arrays(given.column(answer))
    fields = [field for field in own if field.name != LOGGED]
    if kind == "predictions":
        names, values = (
            [field.name for field in given.schema.field("features").type],
            given.column("features").chunk(0),
        )
        columns[LOGGED] = pa.repeat(orjson.dumps(names).decode(), count)
        fields.append(own.field(LOGGED))
        for name in names:
            column = values.field(name)
            if column.null_count < count:
                fields.append(layout.field(name, _KINDS[str(column.type)]))
                columns[fields[-1].name] = column
    found = [
        columns[field.name].cast(field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in fields
    ]
    return pa.table(found, schema=pa.schema(fields))


def records(kind: Kind, rows: Any, layout: Layout) -> list[dict[str, Any]]:
    """The records of a `pyarrow.Table` of whole rows as the log gives them."""
    own = ("version", "role", "probabilities", "latency_us") if kind == "predictions" else ()
    names = ("id", "key", *own)
    answer = "prediction" if kind == "predictions" else "truth"
    values = labels.values(rows.column(answer).to_pylist(), rows.column(f"{answer}_number").to_pylist())
    columns: dict[str, list[Any]] = {name: rows.column(name).to_pylist() for name in names}
    columns |= {"at": _milliseconds(rows.column("at")), answer: values}
    if kind == "predictions":
        columns["features"] = layout.rows(rows)
    else:
        columns["received"] = _milliseconds(rows.column("received"))
        if "source" in rows.column_names:  # a table that older releases made has none until it gets one
            columns["source"] = rows.column("source").to_pylist()
    made = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for record in made:
        for name in ("id", "key", "source"):
            if name in record and record[name] is None:
                del record[name]
    return made


def _moments(milliseconds: Sequence[int]) -> Any:
    import pyarrow as pa

    return pa.array(milliseconds, pa.timestamp("ms", "UTC")).cast(pa.timestamp("us", "UTC"))


def _milliseconds(column: Any) -> list[int]:
    import pyarrow as pa

    whole: list[int] = column.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_pylist()
    return whole


def _more(records: Sequence[Mapping[str, Any]], known: frozenset[str]) -> list[str | None]:
    return [
        None if record.keys() <= known else orjson.dumps({k: record[k] for k in record.keys() - known}).decode()
        for record in records
    ]
