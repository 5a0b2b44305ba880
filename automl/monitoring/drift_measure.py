"""How far each column of a version has moved from its baseline, and which of them have drifted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from automl.evaluation import discoveries, divergence
from automl.monitoring.drift_columns import Column
from automl.monitoring.drift_reference import Reference
from automl.monitoring.histograms import Tally

PSI, JS = 0.2, 0.1
"""A column has drifted when both are exceeded and chance is ruled out. PSI alone is carried away by a bin that is all
but empty; JS alone exceeds 0.1 from a PSI of about 0.06 on."""

CALM = 0.5
"""A column that has drifted is taken back when PSI or JS is under this share of its threshold."""

FALSE_SHARE = 0.05
"""Largest expected share of false ones among the columns named (Benjamini and Hochberg)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One column against its baseline.

    Parameters
    ----------
    importance
        Share in what the model knows; None where it was not measured, and for prediction and score.
    n
        Values that are not missing.
    psi, js, ks
        Distances over the fixed bins; ks for numbers only. None with `verdict` `no values`, `not logged` or
        `not watched`.
    psi_noise, js_noise, ks_noise
        What they stay under with a chance of 95% while nothing has changed, with as many rows.
    p, q
        Chance of such a PSI while nothing has changed, and the same adjusted for the number of columns.
    missing, missing_before
        Shares of missing values, now and in the baseline.
    verdict
        `stable`, `drifted`, `too little to judge` (chance alone may exceed the threshold), `no values`, `not logged`,
        `not watched` (the spec keeps the column out of the log).
    """

    column: str
    importance: float | None
    n: int
    verdict: str
    psi: float | None = None
    psi_noise: float | None = None
    js: float | None = None
    js_noise: float | None = None
    ks: float | None = None
    ks_noise: float | None = None
    p: float | None = None
    q: float | None = None
    missing: float | None = None
    missing_before: float | None = None

    def to_json(self) -> dict[str, Any]:
        """This shift as a JSON object."""
        return asdict(self)


def measure(
    reference: Reference, tally: Tally, before: Collection[str] = (), redacted: Collection[str] = ()
) -> list[Shift]:
    """Every column, in the order of the reference.

    Parameters
    ----------
    before
        Columns that had drifted when they were last looked at.
    redacted
        Features that are kept out of the log, and so not watched.
    """
    shifts = [
        Shift(column=column.name, importance=column.importance, n=0, verdict="not watched")
        if column.name in redacted and column in reference.features
        else _distances(column, tally.slots[start : start + len(column.reference)])
        for column, start in zip(reference.columns, reference.starts, strict=False)
    ]
    tested = [place for place, shift in enumerate(shifts) if shift.p is not None]
    adjusted = discoveries.adjusted([p for place in tested if (p := shifts[place].p) is not None])
    for place, q in zip(tested, adjusted.tolist(), strict=True):
        judged = replace(shifts[place], q=q)
        shifts[place] = replace(judged, verdict=_verdict(judged, judged.column in before))
    return shifts


def share(features: Sequence[Shift]) -> float:
    """The share of importance that the drifted ones among some features carry; equal shares where none is known."""
    whole = sum(_weight(shift) for shift in features)
    return sum(_weight(shift) for shift in features if shift.verdict == "drifted") / whole if whole else 0.0


def weighted_psi(features: Sequence[Shift]) -> float | None:
    """The mean PSI of the features, weighted by importance; None without any that could be measured."""
    told = [shift for shift in features if shift.psi is not None]
    whole = sum(_weight(shift) for shift in told)
    return sum(_weight(shift) * (shift.psi or 0.0) for shift in told) / whole if whole else None


def _weight(shift: Shift) -> float:
    return 1.0 if shift.importance is None else shift.importance


def _distances(column: Column, slots: Any) -> Shift:
    current, reference = slots[: column.bins], column.reference[: column.bins]
    gaps, gaps_before = int(slots[column.bins]), int(column.reference[column.bins])
    n, m = int(current.sum()), int(reference.sum())
    if n + gaps == 0:
        return Shift(column=column.name, importance=column.importance, n=0, verdict="not logged")
    rates = {"missing": gaps / (n + gaps), "missing_before": gaps_before / max(1, m + gaps_before)}
    if n == 0 or m == 0:
        return Shift(column=column.name, importance=column.importance, n=n, verdict="no values", **rates)
    psi_noise, js_noise, ks_noise = divergence.bounds(reference, current)
    return Shift(
        column=column.name,
        importance=column.importance,
        n=n,
        verdict="stable",
        psi=divergence.psi(reference, current),
        psi_noise=psi_noise,
        js=divergence.js(reference, current),
        js_noise=js_noise,
        ks=divergence.ks(reference, current) if column.ordered else None,
        ks_noise=ks_noise if column.ordered else None,
        p=divergence.p_value(reference, current),
        **rates,
    )


def _verdict(shift: Shift, drifted_before: bool) -> str:
    assert shift.psi is not None and shift.js is not None and shift.q is not None and shift.psi_noise is not None  # noqa: PT018, S101
    if drifted_before:
        return "drifted" if shift.psi > CALM * PSI and shift.js > CALM * JS else "stable"
    if shift.psi > PSI and shift.js > JS and shift.q <= FALSE_SHARE:
        return "drifted"
    return "too little to judge" if shift.psi_noise > PSI else "stable"
