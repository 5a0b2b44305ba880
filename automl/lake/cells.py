"""Columns of a `pyarrow.Table` as `rows` makes it, as numpy reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from automl import values
from automl.lake.features import FEATURE, KIND, LOGGED

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Cells:
    """The features of some rows."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._columns: dict[str, list[Any]] = {}
        for field in table.schema:
            if FEATURE in (field.metadata or {}):
                self._columns.setdefault(field.metadata[FEATURE].decode(), []).append(field)
        self.names: set[str] = set(orjson.loads(table.column(LOGGED)[0].as_py())) if len(table) else set()
        """What the first row was logged with."""

    def numbers(self, feature: str) -> Floats:
        """The numbers of a feature [N], NaN where it has none."""
        for field in self._columns.get(feature, ()):
            if field.metadata[KIND] == b"number":
                return numbers(self._table.column(field.name))
        return np.full(len(self._table), np.nan)

    def times(self, feature: str) -> Mapping[Any, int]:
        """How often a feature has each value, None for none."""
        found: dict[Any, int] = {}
        for field in self._columns.get(feature, ()):
            for pair in self._table.column(field.name).value_counts().to_pylist():
                if pair["values"] is not None:
                    found[pair["values"]] = pair["counts"]
        nothing = len(self._table) - sum(found.values())
        return found | {None: nothing} if nothing else found

    def logged(self, feature: str, absent: Any) -> list[Any]:
        """The values of a feature, None for none; `absent` in rows that were logged without it."""
        whole: list[Any] = [None] * len(self._table)
        for field in self._columns.get(feature, ()):
            column = self._table.column(field.name).to_pylist()
            whole = [one if other is None else other for one, other in zip(whole, column, strict=True)]
        sets, known = distinct(self._table.column(LOGGED))
        has = [feature in orjson.loads(names) for names in known]
        return whole if all(has) else [one if has[own] else absent for one, own in zip(whole, sets, strict=True)]


def numbers(column: Any) -> Floats:
    """A column of doubles [N], NaN for null."""
    found: Floats = column.to_numpy()
    return found


def probabilities(column: Any, classes: int) -> Floats | None:
    """A column of lists as a matrix [N, classes], rows of NaN for null; None where all are."""
    given = _whole(column)
    if given.null_count == len(given):
        return None
    flat: Floats = given.flatten().to_numpy(zero_copy_only=False)
    if not given.null_count:
        return flat.reshape(len(given), classes)
    whole = np.full((len(given), classes), np.nan)
    whole[given.is_valid().to_numpy(zero_copy_only=False)] = flat.reshape(-1, classes)
    return whole


def distinct(column: Any) -> tuple[Ints, list[Any]]:
    """Where each value [N] is among the distinct ones, -1 for null; and these."""
    coded = _whole(column).dictionary_encode()
    places: Ints = coded.indices.fill_null(-1).to_numpy().astype(np.int64)
    return places, coded.dictionary.to_pylist()


def texts(table: Any, answer: str) -> tuple[Ints, list[str]]:
    """What each row's answer or truth is as a category: its place [N] among some texts, -1 for null; and these."""
    found, words = distinct(table.column(answer))
    known = [values.category(word) for word in words]
    plain = numbers(table.column(f"{answer}_number"))
    for row in np.flatnonzero((found < 0) & ~np.isnan(plain)).tolist():
        known.append(values.category(float(plain[row])))
        found[row] = len(known) - 1
    return found, known


def codes(table: Any, answer: str, classes: Sequence[Any]) -> Floats:
    """Each row's position in some classes [N], NaN where it is none of them; without classes, the number itself."""
    if not classes:
        return numbers(table.column(f"{answer}_number"))
    places = {values.category(label): float(place) for place, label in enumerate(classes)}
    found, known = texts(table, answer)
    positions: Floats = np.array([*(places.get(text, np.nan) for text in known), np.nan])
    return positions[found]


def differ(truths: Any, predictions: Any) -> Floats:
    """1 where a truth is another category than the prediction, else 0 [N]."""
    told, words = texts(truths, "truth")
    answered, others = texts(predictions, "prediction")
    places: dict[str, int] = {}
    one = np.array([*(places.setdefault(text, len(places)) for text in words), -1])[told]
    other = np.array([*(places.setdefault(text, len(places)) for text in others), -1])[answered]
    differs: Floats = (one != other).astype(np.float64)
    return differs


def _whole(column: Any) -> Any:
    import pyarrow as pa

    return pa.concat_arrays([pa.array([], column.type), *column.chunks])
