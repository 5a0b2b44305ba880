"""What is odd about the values of single columns, whatever it does to the distribution."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from automl.evaluation.intervals import wilson
from automl.monitoring.drift_columns import Column, NumberColumn
from automl.monitoring.drift_reference import Reference
from automl.monitoring.histograms import Tally

LEAST_ROWS = 100
"""Rows under which nothing is said."""

Z = 3.29
"""Standard normal quantile of 0.1% on both sides: hundreds of columns are looked at, over and over."""

JUMP = {"missing": 0.05, "out of range": 0.01, "unseen category": 0.01}
"""By how much a share must exceed that of the baseline, beyond doubt; half of it when it did so before."""

Key = tuple[str, str]
"""A column and a kind of oddity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """One thing that is odd about a column.

    Parameters
    ----------
    kind
        `missing`, `out of range`, `unseen category`, `constant` or `not logged`.
    share, before
        The share of the rows now and in the baseline, where it is one.
    """

    column: str
    kind: str
    text: str
    share: float | None = None
    before: float | None = None

    @property
    def key(self) -> Key:
        """What tells this oddity from every other."""
        return self.column, self.kind

    def to_json(self) -> dict[str, Any]:
        """This oddity as a JSON object."""
        return asdict(self)


def oddities(reference: Reference, tally: Tally, before: Collection[Key] = ()) -> list[Oddity]:
    """What is odd about the features of some rows.

    Parameters
    ----------
    before
        Those that were found at the last look.
    """
    if tally.rows < LEAST_ROWS:
        return []
    found: list[Oddity] = []
    number = 0
    for column, start in zip(reference.features, reference.starts, strict=False):
        slots = tally.slots[start : start + len(column.reference)]
        if not slots[: column.bins + 1].sum():
            text = f"Column '{column.name}' is not in the prediction log, so nothing can be said of it."
            found.append(Oddity(column=column.name, kind="not logged", text=text))
        else:
            found += _shares(column, slots, before, tally.new.get(column.name, []))
            found += _constant(column, slots, _one_value(column, slots, tally, number))
        number += isinstance(column, NumberColumn)
    return found


def _shares(column: Column, slots: Any, before: Collection[Key], new: list[str]) -> Iterator[Oddity]:
    rows, rows_before = int(slots[: column.bins + 1].sum()), int(column.reference[: column.bins + 1].sum())
    told: dict[str, tuple[int, int, str]] = {
        "missing": (slots[column.bins], column.reference[column.bins], "is missing in {now} of the rows"),
    }
    if isinstance(column, NumberColumn):
        text = (
            f"lies outside of the range seen in training ({column.low:g} to {column.high:g}) in {{now}} of the rows"
        )
        told["out of range"] = (int(slots[-2:].sum()), 0, text)
    else:
        names = f" (such as {', '.join(repr(name) for name in new)})" if new else ""
        known = "unseen in training" if column.known else "not among the 100 most frequent of training"
        told["unseen category"] = (
            slots[-2],
            column.reference[-2],
            f"has values {known}{names} in {{now}} of the rows",
        )
    for kind, (now, then, text) in told.items():
        share, share_before = int(now) / rows, int(then) / max(1, rows_before)
        jump = JUMP[kind] * (0.5 if (column.name, kind) in before else 1.0)
        if wilson(share, rows, Z)[0] > share_before + jump:
            said = text.format(now=f"{100 * share:.1f}%")
            sentence = f"Column '{column.name}' {said}; in training it was {100 * share_before:.1f}%."
            yield Oddity(column=column.name, kind=kind, text=sentence, share=share, before=share_before)


def _one_value(column: Column, slots: Any, tally: Tally, number: int) -> bool:
    """Whether only one value was seen."""
    if isinstance(column, NumberColumn):
        return bool(tally.low[number] == tally.high[number])
    used = np.flatnonzero(slots[: column.bins])
    shared = column.bins - 2  # the bins of the other known values and of the unknown ones hold many
    return len(used) == 1 and (used[0] < shared or (used[0] > shared and len(tally.new.get(column.name, [])) == 1))


def _constant(column: Column, slots: Any, is_one: bool) -> Iterator[Oddity]:
    seen = int(slots[: column.bins].sum())
    shares = column.reference[: column.bins] / max(1, int(column.reference[: column.bins].sum()))
    # A value that most training rows had as well may well be the only one of a quiet hour.
    expected = float(shares.max()) ** min(seen, 10_000)
    if is_one and seen >= LEAST_ROWS and expected < 0.001:
        text = f"Column '{column.name}' has the same value in all of {seen:,} rows; in training it varied."
        yield Oddity(column=column.name, kind="constant", text=text)
