"""Which slices of the data a row belongs to: one for each column that the spec names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.monitoring.drift_columns import Column, NumberColumn
from automl.monitoring.drift_reference import Reference
from automl.values import MISSING

ALL = "all"
"""The slice that every row belongs to."""

ABSENT = object()
"""In the place of a value: the row was logged without it."""

OWN_SLICES = 10
"""Most frequent values of a category that have a slice each; the others share one."""


class Slices:
    """The slices of a version's rows, at most twelve of a column.

    Parameters
    ----------
    names
        Columns; one that is no feature of the version has no slices.
    """

    def __init__(self, names: tuple[str, ...], reference: Reference | None) -> None:
        known = {column.name: column for column in reference.features} if reference else {}
        self._columns = [known[name] for name in names if name in known]

    def of(self, columns: Mapping[str, Sequence[Any]]) -> tuple[tuple[list[str], npt.NDArray[np.int64]], ...]:
        """For each column the names of its slices, as `column=value`, and which one each row belongs to [N], -1 for
        none.

        Parameters
        ----------
        columns
            Canonical JSON values [N] of each column that has any; `ABSENT` in a row that was logged without it.
        """
        found = []
        for column in self._columns:
            if column.name in columns:
                places: dict[str, int] = {}
                known: dict[Any, int] = {ABSENT: -1}
                codes = np.empty(len(columns[column.name]), dtype=np.int64)
                for row, given in enumerate(columns[column.name]):
                    if (code := known.get(given)) is None:
                        code = places.setdefault(f"{column.name}={_value(column, given)}", len(places))
                        known[given] = code
                    codes[row] = code
                found.append((list(places), codes))
        return tuple(found)


def _value(column: Column, given: Any) -> str:
    if values.is_missing(given):
        return "missing"
    if isinstance(column, NumberColumn):
        return _range(column.edges[1::2].tolist(), float(given))  # fifths of the training rows
    text = values.category(given)
    return text if text != MISSING and column.codes.get(text, OWN_SLICES) < OWN_SLICES else "other"


def _range(edges: list[float], given: float) -> str:
    """The range between two edges that a number is in.

    >>> _range([1.0, 2.5], 2.5), _range([1.0, 2.5], 0.0), _range([], 3.0)
    ('from 2.5', 'below 1', 'any')
    """
    place = bisect_right(edges, given)
    if not edges:
        return "any"
    if place == 0:
        return f"below {edges[0]:g}"
    if place == len(edges):
        return f"from {edges[-1]:g}"
    return f"{edges[place - 1]:g} to {edges[place]:g}"
