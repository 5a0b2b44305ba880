"""The labelled rows of a model, packed into the monitor's state by the hour of their prediction.

30 bytes a row are enough to take each id's first truth once, to follow corrections, and to tell the performance of
every version that ever answered.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.evaluation.paired import Loss
from automl.monitoring.state import State

RECENT = 500
"""Newest labelled rows whose performance is told apart from that of all."""

KEEP_HOURS = 24 * 90
"""Prediction hours that are kept; truth for older predictions still counts for training, but no longer here."""

Rows = npt.NDArray[np.void]
ROW = np.dtype([("id", "<u8"), ("at", "<i8"), ("truth", "<f8"), ("error", "<f4"), ("version", "<u2")])
"""`id`: the 8 random bytes of the prediction id. `at`: that of its truth, epoch milliseconds. `truth`: as in `Label`.
`error`: 0 or 1, or the absolute error in the target's unit. `version`: position in `State.versions`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One truth with the prediction it is for.

    Parameters
    ----------
    at, received, predicted_at
        Of the truth, of its receipt, and of the prediction, epoch milliseconds.
    hour
        `YYYY-MM-DD/HH` of the prediction.
    error
        0 or 1, or the absolute error in the target's unit.
    truth, predicted
        Positions in the classes of the version, NaN for what is none of them; or numbers.
    probabilities
        In the order of those classes; None where there are none.
    slices
        The slices that the row belongs to.
    """

    id: str
    at: int
    received: int
    predicted_at: int
    hour: str
    version: str
    error: float
    truth: float
    predicted: float
    probabilities: Sequence[float] | None = None
    slices: tuple[str, ...] = ()


def short(prediction_id: str) -> int:
    """The 8 random bytes of an id as a number.

    >>> short("019aa000-0000-7000-8000-0000000000ff")
    9223372036854776063
    """
    return int(prediction_id[19:23] + prediction_id[24:], 16)


def codes(classes: Sequence[Any]) -> Callable[[Any], float]:
    """Gives a label's position in some classes, NaN where it is none of them; without classes, the number itself.

    >>> code = codes(["no", 7])
    >>> code("no"), code("7"), code("yes"), codes([])(2)
    (0.0, 1.0, nan, 2.0)
    """
    if not classes:
        return float
    places = {values.category(label): float(place) for place, label in enumerate(classes)}

    def code(label: Any) -> float:
        found = places.get(label) if isinstance(label, str) else None  # most are text as it stands
        return places.get(values.category(label), math.nan) if found is None else found

    return code


def unpack(text: str | None) -> Rows:
    """The rows of an hour, in the order in which their truths were accepted."""
    return np.frombuffer(base64.b64decode(text or ""), dtype=ROW).copy()


def pack(rows: Rows) -> str:
    """The text that `unpack` reads."""
    return base64.b64encode(rows.tobytes()).decode()


def take(
    state: State, labels: Sequence[Label], *, stands: Callable[[Label, float | None], None] = lambda *_: None
) -> list[Label]:
    """Put labels into the state, in the order given.

    Parameters
    ----------
    stands
        Is given each label that stands from now on, with the truth that it replaces, if it does.

    Returns
    -------
    Those that are the first accepted truth of their id. A later truth of the same id replaces it in the performance
    when its `at` is not older, and never reaches the alarm.
    """
    fresh: list[Label] = []
    by_hour: dict[str, list[Label]] = {}
    for label in labels:
        if label.hour < state.kept_from:
            state.count("late")
        else:
            by_hour.setdefault(label.hour, []).append(label)
    for hour, group in sorted(by_hour.items()):
        rows = unpack(state.hours.get(hour))
        known = {int(key): place for place, key in enumerate(rows["id"].tolist())}
        new: dict[int, Label] = {}
        for label in group:
            key = short(label.id)
            if key in known:
                if (replaced := _correct(state, rows[known[key]], label)) is not None:
                    stands(label, replaced)
            elif key in new:
                new[key] = _later(state, new[key], label)
            else:
                new[key] = label
                fresh.append(label)
        added = np.array(
            [
                (key, label.at, label.truth, label.error, _position(state, label.version))
                for key, label in new.items()
            ],
            dtype=ROW,
        )
        for label in new.values():
            stands(label, None)
        state.hours[hour] = pack(np.concatenate([rows, added]))
    state.labelled += len(fresh)
    state.newest_ms = max([state.newest_ms, *(label.received for label in fresh)])
    return sorted(fresh, key=lambda label: (label.received, label.id))


def before(state: State, hour: str) -> int:
    """How many labelled rows were predicted before an hour."""
    kept = sum(len(unpack(text)) for name, text in state.hours.items() if name < hour)
    return kept + int(sum(sums[0] for sums in state.older.values()))


def from_hour(state: State, hour: str) -> int:
    """How many labelled rows were predicted in an hour or later."""
    return sum(len(unpack(text)) for name, text in state.hours.items() if name >= hour)


def prune(state: State, oldest_hour: str) -> None:
    """Fold the hours before one into the sums of their versions."""
    state.kept_from = max(state.kept_from, oldest_hour)
    for hour in [hour for hour in state.hours if hour < state.kept_from]:
        rows = unpack(state.hours.pop(hour))
        for place, version in enumerate(state.versions):
            own = rows["error"][rows["version"] == place].astype(np.float64)
            if len(own):
                n, total, squares = state.older.get(version, [0, 0.0, 0.0])
                state.older[version] = [n + len(own), total + float(own.sum()), squares + float((own**2).sum())]


def performance(state: State) -> list[dict[str, Any]]:
    """How good each version's answers were, one object a version and window: all its labelled rows, and the newest.

    Returns
    -------
    Objects with `version`, `window` (`all` or `recent`), `n` and `accuracy`, or `mae` and `rmse`.
    """
    rows = np.concatenate([unpack(None), *(unpack(state.hours[hour]) for hour in sorted(state.hours))])
    told: list[dict[str, Any]] = []
    for place, version in enumerate(state.versions):
        own = rows["error"][rows["version"] == place].astype(np.float64)
        kind = Loss.from_baseline(state.baselines[version]).kind
        n, total, squares = state.older.get(version, [0, 0.0, 0.0])
        sums = {"all": (n + len(own), total + own.sum(), squares + (own**2).sum())}
        own = own[-RECENT:]
        sums["recent"] = (len(own), own.sum(), (own**2).sum())
        for window, (count, errors, squared) in sums.items():
            if count:
                numbers = _told(kind, count, errors, squared)
                told.append({"version": version, "window": window, "n": int(count), **numbers})
    return told


def _told(kind: str, n: float, errors: float, squares: float) -> dict[str, float]:
    if kind == "error":
        return {"accuracy": float(1 - errors / n)}
    return {"mae": float(errors / n), "rmse": float(np.sqrt(squares / n))}


def _later(state: State, one: Label, other: Label) -> Label:
    """Which of two truths of one id stands: the later `at`, then the later receipt, which is the other's."""
    stands = one if other.at < one.at else other
    state.count("repeated" if stands is one or np.float32(one.error) == np.float32(other.error) else "corrected")
    return stands


def _correct(state: State, row: Any, label: Label) -> float | None:
    """Put a truth into the place of an older one; the older one, None where that still stands."""
    if label.at < row["at"]:
        state.count("repeated")
        return None
    state.count("repeated" if np.float32(label.error) == row["error"] else "corrected")
    replaced = float(row["truth"])
    row["at"], row["truth"], row["error"] = label.at, label.truth, label.error
    return replaced


def _position(state: State, version: str) -> int:
    if version not in state.versions:
        state.versions.append(version)
    return state.versions.index(version)
