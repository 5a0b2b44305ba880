"""Bodies whose JSON is whole and whose rows are not: cells, columns and fields that do not belong."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz import cells, forms
from tests.fuzz.json_text import Pairs, Raw

Changed = tuple[Any, int | None]
"""A JSON value, and the status it has to be answered with, where that is certain."""


def wrong_cell(rng: Random) -> Changed:
    """One cell, or a few, that cannot be used, in any form."""
    records = [cells.right(rng) for _ in range(rng.randrange(1, 6))]
    column, value, status = cells.wrong(rng)
    if column == "order_id":
        records = [record | {column: None} for record in records]
    rng.choice(records)[column] = value
    form = rng.choice(forms.JSON_FORMS)
    if column == "order_id" and form == "instances of lists":
        form = "instances"  # a list has the features alone
    return forms.body(form, records), status


def odd_cells(rng: Random) -> Changed:
    """Many cells that may or may not be usable: most of the time, many problems at once."""
    records = [cells.right(rng) for _ in range(rng.randrange(1, 9))]
    for _ in range(rng.randrange(1, 12)):
        rng.choice(records)[rng.choice(forms.FEATURES)] = cells.odd(rng)
    return forms.body(rng.choice(forms.JSON_FORMS), records), None


def columns(rng: Random) -> Changed:
    """A column too few, too many, twice, or misspelt."""
    records = [cells.plain(rng) for _ in range(rng.randrange(1, 4))]
    form = rng.choice(("dataframe_records", "dataframe_split", "inputs", "one object"))
    kind = rng.randrange(6)
    if kind == 0:
        name = rng.choice(forms.FEATURES)
        return forms.body(form, [{key: value for key, value in row.items() if key != name} for row in records]), 400
    if kind == 1:
        wide = rng.choice((1, 3, 19, 20, 21, 60))
        more = {f"more {number}": rng.choice(cells.JOBS) for number in range(wide)}
        return forms.body(form, [row | more for row in records]), 413 if wide > 20 else None
    if kind == 2:
        name = rng.choice(("agee", "Age", "ag\u0435", "income", "fnlwgt", "", "x" * 9_000, "\0"))
        return forms.body(form, [row | {name: 1} for row in records]), None
    row = records[0]
    name = rng.choice(forms.FEATURES)
    spelt = Pairs((*row.items(), (name, rng.choice((row[name], None, 1)))))
    if kind == 3:
        return rng.choice((spelt, {"instances": [*records, spelt]}, {"dataframe_records": [spelt]})), 400
    if kind == 4:
        names = [*row, name]
        return {"dataframe_split": {"columns": names, "data": [[*row.values(), None]]}}, 400
    return Pairs((("instances", [row]), ("instances", [row]))), 400


def envelope(rng: Random) -> Changed:
    """What stands around the rows is wrong."""
    row = cells.plain(rng)
    good = forms.body(rng.choice(forms.JSON_FORMS), [row])
    scalar = rng.choice((None, 7, True, "rows", 0.5))
    name = rng.choice(("dataframe_records", "dataframe_split", "instances", "inputs"))
    odd = cells.odd(rng)
    return rng.choice(
        (
            (good | {"params": odd}, None),
            (good | {rng.choice(("verbose", "x" * 3_000, "")): 1}, 400),
            ({"instances": [row], "inputs": [row]}, 400),
            ({name: scalar}, 400),
            ({name: odd}, None),
            ({name: []}, 400),
            ({name: {}}, 400),
            ({name: [[]]}, 400),
            ({name: {"columns": list(row), "data": odd}}, None),
            ({"dataframe_split": {"columns": odd, "data": [[1]]}}, None),
            ({"dataframe_split": {"columns": list(row)}}, 400),
            ({"dataframe_split": {"columns": list(row), "data": [[1], list(row.values()), 7]}}, 400),
            ({"instances": [list(row.values())[:-1], list(row.values())]}, 400),
            ({"instances": [row, list(row.values())]}, 400),
            ({"instances": [scalar, row, odd]}, None),
            ({"inputs": dict(row)}, 400),
            ({"inputs": {"age": [1, 2], "job": ["a"], "since": [None], "member": []}}, 400),
            ({"inputs": {**{key: [value] for key, value in row.items()}, "x" * 2_000: odd}}, None),
            ({}, 400),
            ([good], 400),
            (scalar, 400),
            (Raw(""), 400),
            (row | {"instances": 7}, None),
        )
    )


def many(rng: Random) -> Changed:
    """Rows about the limit of their number."""
    count = rng.choice((19, 20, 21, 40, 500))
    records = [cells.plain(rng)] * count
    status = None if count > 20 else 200
    return forms.body(rng.choice(forms.JSON_FORMS), records), status or 413


def table(rng: Random) -> str:
    """A CSV that is none, or whose cells are not what they should be."""
    kind = rng.randrange(8)
    if kind == 0:
        return f"{_HEADER}\n" + "39,clerk,,yes\n" * rng.choice((20, 21, 900))
    if kind == 1:
        return ",".join(f"c{number}" for number in range(rng.choice((24, 25, 4_000)))) + "\n1\n"
    return rng.choice(_TABLES)


_HEADER = ",".join(forms.FEATURES)
_MANY = ",".join(["999"] * 120)
"""A number with commas between its thousands, beyond float64."""

_TABLES = (
    *("", "\n\n", "\ufeff", '"', ",,,\n,,,\n", _HEADER, f"{_HEADER}\n", f"{_HEADER}\n,,,\n"),
    *("age,age\n1,2\n", f"{_HEADER},{'x' * 3_000},{'x' * 3_000}\n1,2,3,4,5,6\n"),
    *(f"{_HEADER}\n39,clerk\n1,2,3,4,5\n", _HEADER.replace(",", ";") + "\n1;2;3;4\n"),
    *(f'{_HEADER}\n39,"clerk,,\n', f'{_HEADER}\n39,"a"b,,\n', f"{_HEADER}\n" + '"' * 5_000),
    *(f"{_HEADER}\n{'9' * 400},a,,\n", f'{_HEADER}\n"{_MANY}",a,,\n', f'{_HEADER}\n"1,234.5",a,,\n'),
    *(f"{_HEADER}\nforty,{'x' * 3_000},soon,maybe\n", f"{_HEADER}\n39,cl\0erk,,\n"),
    *(f"{_HEADER}\r39,clerk,,yes\r", f"\ufeff{_HEADER}\n39,clerk,,\n", f" {_HEADER}\n39,clerk,,yes\n"),
    *(f"{_HEADER},more\n39,clerk,,yes,1\n", f"{_HEADER.upper()}\n1,2,,\n"),
)

CHANGES: tuple[Callable[[Random], Changed], ...] = (
    wrong_cell, wrong_cell, odd_cells, odd_cells, columns, columns, envelope, envelope, many,
)  # fmt: skip
