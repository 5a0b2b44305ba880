"""One column in the fixed bins that its values are counted by, as baseline.json holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.signature import Feature
from automl.values import MISSING

OWN_BINS = 20
"""Most frequent values of a category that have a bin each; the other known ones share one."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberColumn:
    """A number or moment in bins between edges. Slots: the bins, missing, below and above the range seen.

    Parameters
    ----------
    importance
        Share in what the model knows; None where it was not measured.
    low, high
        Range seen in training. What lies outside is counted in the outer bins too.
    reference
        The slots of the training rows (of the holdout's answers, for prediction and score).
    """

    name: str
    importance: float | None
    edges: npt.NDArray[np.float64]
    low: float
    high: float
    reference: Ints
    ordered: bool = True

    @property
    def bins(self) -> int:
        """How many of the slots are bins."""
        return len(self.edges) + 1

    def count(self, numbers: npt.NDArray[np.float64]) -> Ints:
        """The slots of some values, NaN where missing."""
        codes = np.searchsorted(self.edges, numbers, side="right")
        codes[np.isnan(numbers)] = self.bins
        outside = [np.count_nonzero(numbers < self.low), np.count_nonzero(numbers > self.high)]
        return np.concatenate([np.bincount(codes, minlength=self.bins + 1), outside])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CategoryColumn:
    """A category. Slots: `own` bins of frequent values, other known values, values not known, missing.

    Parameters
    ----------
    codes
        The bin of each known value.
    known
        Whether `codes` holds all that training saw. A column of more than 100 values holds the 100 most frequent.
    """

    name: str
    importance: float | None
    codes: Mapping[str, int]
    known: bool
    reference: Ints
    ordered: bool = False

    @property
    def bins(self) -> int:
        """How many of the slots are bins."""
        return len(self.reference) - 1

    def count(self, cells: Iterable[Any]) -> tuple[Ints, list[str]]:
        """The slots of some canonical JSON values, and the values that are not known.

        Parameters
        ----------
        cells
            The values, or how many times there is each.
        """
        slots, new = np.zeros(len(self.reference), dtype=np.int64), list[str]()
        for value, times in Counter(cells).items():
            text = values.category(value)
            if text == MISSING:
                slots[-1] += times
            elif (code := self.codes.get(text)) is None:
                slots[-2] += times
                new.append(text)
            else:
                slots[code] += times
        return slots, new


Column = NumberColumn | CategoryColumn


def of_feature(feature: Feature, data: Mapping[str, Any]) -> Column:
    """The column of a feature, by what baseline.json says of it."""
    importance = data.get("importance")
    if feature.is_numeric:
        return of_number(feature.name, data, importance=importance, low=feature.low, high=feature.high)
    return of_values(feature.name, data, importance=importance)


def of_number(
    name: str,
    data: Mapping[str, Any],
    *,
    importance: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> NumberColumn:
    """A column of numbers, by its `edges` and `counts`."""
    return NumberColumn(
        name=name,
        importance=importance,
        edges=np.asarray(data["edges"], dtype=np.float64),
        low=-np.inf if low is None else low,
        high=np.inf if high is None else high,
        reference=np.array([*data["counts"], data["missing"], 0, 0], dtype=np.int64),
    )


def of_values(name: str, data: Mapping[str, Any], *, importance: float | None = None) -> CategoryColumn:
    """A column of categories, by its `values` and `counts`."""
    names: Sequence[str] = data["values"]
    own, other = min(len(names), OWN_BINS), data.get("other", 0)
    counts = data["counts"]
    reference = [*counts[:own], sum(counts[own:]), other, data.get("missing", 0)]
    return CategoryColumn(
        name=name,
        importance=importance,
        codes={value: min(place, own) for place, value in enumerate(names)},
        known=other == 0,
        reference=np.array(reference, dtype=np.int64),
    )
