"""How good each version's answers were: sums of its labelled rows by slice and day, and the metrics out of them.

A label is added to the sums of its prediction's day; a corrected truth takes the old one away again. 90 days are kept
apart, what is older is one sum. Everything follows from the labelled rows, so a lost state comes to the same numbers.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.evaluation import class_metrics
from automl.evaluation.calibrated import Calibration
from automl.evaluation.class_sums import ClassSums
from automl.evaluation.measured import Measured
from automl.evaluation.number_sums import NumberSums
from automl.monitoring.drift_columns import NumberColumn
from automl.monitoring.drift_reference import Reference, References
from automl.monitoring.labels import Labels, Taken
from automl.monitoring.slices import ALL
from automl.monitoring.state import State

BEFORE = "before"
"""The period of all days that are not kept apart any more."""

DAYS_KEPT, SLICE_DAYS_KEPT = 90, 30
"""Days kept apart, of all rows and of a slice."""

WINDOWS: dict[str, int | None] = {"7 days": 7, "30 days": 30, "all": None}
"""Newest days that each window spans, counted from the version's newest labelled prediction."""

LEAST_ROWS = 30
"""Labelled rows under which a number is marked as too little to judge."""

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Kept = ClassSums | NumberSums
_DAY_MS = 86_400_000


def take(state: State, references: References, taken: Taken, today: str) -> None:
    """Add labels that stand to the sums of their version, slices and days, and take away what they replace.

    Parameters
    ----------
    today
        `YYYY-MM-DD`, by which days grow old.
    """
    version = taken.stands.version
    if len(taken.stands):
        kept, known = kept_of(references, version), references.of(version)
        calibration = known.calibration if known else None
        slices = state.measured.setdefault(version, {})
        for name, day, rows in _groups(taken.stands):
            labels, replaced = taken.stands[rows], taken.replaced[rows]
            period = day if day >= _first_day(name, today) else BEFORE
            sums = _sums(kept, calibration, labels, labels.truth) - _sums(kept, calibration, labels, replaced)
            _add(slices.setdefault(name, {}), period, sums)
    for version_slices in state.measured.values():
        for name, days in version_slices.items():
            first = _first_day(name, today)
            for day in [day for day in days if day < first]:
                _add(days, BEFORE, _unpack(days.pop(day)))


def _groups(labels: Labels) -> Iterator[tuple[str, str, Places]]:
    """Each slice and day of the predictions, and which rows are of both."""
    days, of_day = np.unique(labels.made // _DAY_MS, return_inverse=True)
    for place, number in enumerate(days.tolist()):
        day, rows = (
            f"{datetime.fromtimestamp(number * _DAY_MS / 1000, UTC):%Y-%m-%d}",
            np.flatnonzero(of_day == place),
        )
        yield ALL, day, rows
        for names, codes in labels.slices:
            for code, name in enumerate(names):
                if len(own := rows[codes[rows] == code]):
                    yield name, day, own


def rows(state: State, references: References, versions: Iterable[str]) -> list[dict[str, Any]]:
    """One row a version, slice, window and metric.

    Returns
    -------
    Objects with `version`, `slice`, `window`, `metric`, `n`, `value`, `low`, `high`, `bigger_is_better`, `predicted`
    (predictions of the version in the window; None for slices) and `state` (`ok` or `too little to judge`).
    """
    told: list[dict[str, Any]] = []
    for version in versions:
        kept = kept_of(references, version) if version in state.measured else None
        for name, days in state.measured.get(version, {}).items():
            for window, span in WINDOWS.items():
                first = _first_of(days, span)
                predicted = _predicted(state, version, first, span) if name == ALL else None
                for one in measure(kept, _window(kept, days, first)) if kept else []:
                    judged = {"state": "ok" if one.n >= LEAST_ROWS else "too little to judge"}
                    where = {"version": version, "slice": name, "window": window}
                    told.append(where | one.to_json() | {"predicted": predicted} | judged)
    return told


def since(state: State, references: References, version: str, day: str) -> list[Measured]:
    """The metrics of a version's rows of a day (`YYYY-MM-DD`) and all days after it."""
    days = state.measured.get(version, {}).get(ALL, {})
    if not any(one >= day for one in days if one != BEFORE):
        return []
    kept = kept_of(references, version)
    return measure(kept, _window(kept, days, day))


def reliability(state: State, references: References, version: str) -> list[dict[str, Any]]:
    """The reliability table of all labelled rows of a classifier's version."""
    kept, days = kept_of(references, version), state.measured.get(version, {}).get(ALL)
    if not isinstance(kept, ClassSums) or not days:
        return []
    return class_metrics.reliability(kept.groups(_window(kept, days, "")))


def sums_of(state: State, kept: Kept, version: str) -> Floats:
    """The sums of all labelled rows of a version."""
    return _window(kept, state.measured.get(version, {}).get(ALL, {}), "")


def measure(kept: Kept, sums: Floats) -> list[Measured]:
    """The metrics out of some sums."""
    return class_metrics.measure(kept, sums) if isinstance(kept, ClassSums) else kept.measure(sums)


def kept_of(references: References, version: str) -> Kept:
    """What is kept of the rows of a version."""
    classes = references.signature(version).classes
    return ClassSums(len(classes)) if classes else NumberSums(_center(references.of(version)))


def _center(reference: Reference | None) -> float:
    """About the middle of a regressor's answers."""
    answers = reference.answers[0] if reference else None
    if not isinstance(answers, NumberColumn) or not len(answers.edges):
        return 0.0
    return float(answers.edges[len(answers.edges) // 2])


def _sums(kept: Kept, calibration: Calibration | None, labels: Labels, truth: Floats) -> Floats:
    """The sums of labels with these truths; what is no class of the version is left out."""
    usable = np.flatnonzero(~np.isnan(truth) & ~np.isnan(labels.predicted))
    if not len(usable):
        return np.zeros(kept.size)
    truth, predicted = truth[usable], labels.predicted[usable]
    if isinstance(kept, NumberSums):
        return kept.of(truth, predicted)
    if labels.probabilities is None:
        return kept.of(truth.astype(np.int64), predicted.astype(np.int64))
    probabilities, answers = labels.probabilities[usable], predicted.astype(np.int64)
    expected = calibration.of(probabilities)[np.arange(len(answers)), answers] if calibration else None
    return kept.of(truth.astype(np.int64), answers, probabilities, expected)


def _window(kept: Kept, days: dict[str, str], first: str) -> Floats:
    """The sums of the days from one on; all of them, older ones too, when that is empty."""
    taken = [_unpack(text) for day, text in days.items() if day >= first and (day != BEFORE or not first)]
    return np.asarray(np.sum([np.zeros(kept.size), *taken], axis=0), dtype=np.float64)


def _first_of(days: Iterable[str], span: int | None) -> str:
    """The first of the newest days, or nothing for all of them."""
    newest = max((day for day in days if day != BEFORE), default="")
    return _shifted(newest, 1 - span) if newest and span else ""


def _predicted(state: State, version: str, first: str, span: int | None) -> int | None:
    if span is None:
        return state.predicted.get(version)
    periods = state.histograms.get(version)
    return sum(data["rows"] for period, data in periods.items() if period >= first) if periods else None


def _first_day(name: str, today: str) -> str:
    return _shifted(today, -(DAYS_KEPT if name == ALL else SLICE_DAYS_KEPT))


def _shifted(day: str, by: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=by)).isoformat()


def _add(days: dict[str, str], period: str, sums: Floats) -> None:
    whole = sums + _unpack(days[period]) if period in days else sums
    days[period] = base64.b64encode(zlib.compress(whole.astype("<f8").tobytes())).decode()


def _unpack(text: str) -> Floats:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<f8")
