"""Which rows the search trains on, and which it never sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl.errors import InvalidInput, Problem
from automl.signature import Task
from automl.spec import Spec
from automl.spec_sections import SplitKind

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Two sets of rows without a common one.

    Parameters
    ----------
    kind
        How they were chosen.
    train, holdout
        int64: positions, in their old order; for `time`, oldest first.
    """

    kind: SplitKind
    train: Rows
    holdout: Rows


def kind_for(spec: Spec, task: Task) -> SplitKind:
    """The kind of split a spec asks for, or the default of its task.

    Raises
    ------
    InvalidInput
        When the rows cannot be split so.
    """
    kind = spec.split.kind or ("time" if spec.columns.time else None)
    if kind == "stratified" and task == "regression":
        raise _invalid("random or time for a regression", kind, "Leave split.kind out.")
    if kind == "time" and spec.columns.time is None:
        raise _invalid("columns.time beside it", "no time column", "Name the column that orders the rows.")
    return kind or ("stratified" if task == "classification" else "random")


def split(
    kind: SplitKind,
    target: npt.NDArray[np.int64] | npt.NDArray[np.float64],
    *,
    holdout: float,
    seed: int,
    order: npt.NDArray[np.float64] | None = None,
) -> Split:
    """Set rows aside; the same rows for the same seed.

    Every class is among the training rows, however rare.

    Parameters
    ----------
    target
        [N]: class indexes (int64) or numbers (float64).
    holdout
        Share of the rows to set aside.
    order
        [N] for `time`: when each row is from, NaN counting as oldest; equal ones stay in their old order.
    """
    rng = np.random.default_rng(seed)
    count = len(target)
    if kind == "time":
        if order is None:
            raise ValueError("Expected an order for a split by time, got none.")
        ranked = np.argsort(np.where(np.isnan(order), -np.inf, order), kind="stable").astype(np.int64)
    elif kind == "random":
        ranked = rng.permutation(count)
    else:
        ranked = _stratified(target, rng)
    cut = count - max(1, round(holdout * count))
    train, held = ranked[:cut], ranked[cut:]
    if np.issubdtype(target.dtype, np.integer):
        train, held = _with_every_class(target, train, held)
    if kind != "time":
        train, held = np.sort(train), np.sort(held)
    return Split(kind=kind, train=train, holdout=held)


def _stratified(target: npt.NDArray[np.int64] | npt.NDArray[np.float64], rng: np.random.Generator) -> Rows:
    """Rows so ordered that any final part of them has the classes in their proportions."""
    place = np.empty(len(target), dtype=np.float64)
    for label in np.unique(target):
        rows = rng.permutation(np.flatnonzero(target == label))
        place[rows] = (np.arange(len(rows)) + rng.uniform(0.25, 0.75)) / len(rows)
    return np.argsort(place, kind="stable").astype(np.int64)


def _with_every_class(
    target: npt.NDArray[np.int64] | npt.NDArray[np.float64], train: Rows, held: Rows
) -> tuple[Rows, Rows]:
    """Move the first held row of a class that training lacks."""
    lacking = np.setdiff1d(target[held], target[train])
    moved = [int(np.flatnonzero(target[held] == label)[0]) for label in lacking]
    return np.concatenate([train, held[moved]]), np.delete(held, moved)


def _invalid(expected: str, got: str, remedy: str) -> InvalidInput:
    return InvalidInput.of([Problem(field="split.kind", expected=expected, got=got, remedy=remedy)])
