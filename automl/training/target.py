"""The column to predict: which task it makes, its classes, and its values as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.errors import InvalidInput, Problem
from automl.signature import Label, Signature, Task
from automl.training.moments import is_number

MIN_ROWS = 50
"""Fewest rows with a target that a model is trained on."""

MAX_CLASSES = 200
"""Most classes of a classification."""

FEW_INTEGERS = 20
"""Whole numbers of at most so many different values are classes, when nothing else is said."""

_INT64 = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The known values of the target.

    Parameters
    ----------
    rows
        int64 [N]: the rows of the table that have a target, in order.
    values
        [N]: indexes into `classes` (int64) for classification, the numbers themselves (float64) for regression.
    classes
        The labels in sorted order; empty for regression.
    """

    task: Task
    classes: tuple[Label, ...]
    rows: npt.NDArray[np.int64]
    values: npt.NDArray[Any]


def read_target(name: str, cells: Sequence[Any], *, text: bool, task: Task | None = None) -> Target:
    """Read the target column, leaving out rows where it is missing.

    Raises
    ------
    InvalidInput
        Too few rows, one class only, a class with one row, an identifier, or a constant: nothing can be learned.
    """
    numeric = all(_is_number(value, text=text) for value in set(cells) if not values.is_missing(value))
    rows = [row for row, value in enumerate(cells) if not _is_missing(value, numeric=numeric)]
    known = [cells[row] for row in rows]
    if len(rows) < MIN_ROWS:
        got = f"{len(rows)} such rows out of {len(cells)}" if len(rows) < len(cells) else f"{len(rows)}"
        raise _invalid(name, f"at least {MIN_ROWS} rows with a target", got, "Collect more rows.")
    task = task or _infer_task(known, numeric=numeric, text=text)
    read = _regression if task == "regression" else _classification
    classes, found = read(name, known, rows, text)
    return Target(task=task, classes=classes, rows=np.asarray(rows, dtype=np.int64), values=found)


def encode(signature: Signature, truths: Sequence[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Recorded truths as target values, and the positions of those that could be used.

    A truth that is no class of the signature, or no number, is left out: it may be older than the present classes.
    """
    found: list[float | int] = []
    used: list[int] = []
    for position, truth in enumerate(truths):
        try:
            label = signature.parse_target(truth)
        except ValueError:
            continue
        found.append(label if isinstance(label, float) else signature.classes.index(label))
        used.append(position)
    kind = np.float64 if signature.task == "regression" else np.int64
    return np.asarray(found, dtype=kind), np.asarray(used, dtype=np.int64)


def _infer_task(known: Sequence[Any], *, numeric: bool, text: bool) -> Task:
    if not numeric:
        return "classification"
    distinct = {values.number(value, text=text) for value in set(known)}
    few = len(distinct) <= max(2, min(FEW_INTEGERS, len(known) // 10))
    return "classification" if few and all(number.is_integer() for number in distinct) else "regression"


def _regression(
    name: str, known: Sequence[Any], rows: Sequence[int], text: bool
) -> tuple[tuple[Label, ...], npt.NDArray[Any]]:
    for row, value in zip(rows, known, strict=True):
        if not _is_number(value, text=text):
            remedy = "Correct the cell, or ask for the task classification."
            raise _invalid(name, "a number to predict by regression", repr(value)[:60], remedy, row=row)
    found = np.asarray([values.number(value, text=text) for value in known], dtype=np.float64)
    if found.min() == found.max():
        raise _invalid(name, "a target that varies", f"{found[0]:g} in every row", "Choose another target.")
    return (), found


def _classification(
    name: str, known: Sequence[Any], rows: Sequence[int], text: bool
) -> tuple[tuple[Label, ...], npt.NDArray[Any]]:
    labels = _labels(name, known, rows)
    counts = Counter(labels)
    if len(counts) == 1:
        only = next(iter(counts))
        remedy = "Add rows of another class, or choose another target."
        raise _invalid(name, "at least two classes", f"{only!r} in every row", remedy)
    if len(counts) == len(labels):
        got = "a different value in every row: it looks like an identifier"
        raise _invalid(name, "a target whose values repeat", got, "Choose another target.")
    if len(counts) > MAX_CLASSES:
        remedy = "Group rare classes, choose another target, or ask for the task regression if it is a number."
        raise _invalid(name, f"at most {MAX_CLASSES} classes", str(len(counts)), remedy)
    single = [label for label, count in counts.items() if count == 1]
    if single:
        got = f"one row for {', '.join(repr(label) for label in sorted(single)[:10])}"
        raise _invalid(name, "at least two rows of each class", got, "Add rows of it, or leave it out.")
    classes = _as_python(sorted(counts, key=_order), values_are_booleans=_are_booleans(known))
    position = {values.category(label): index for index, label in enumerate(classes)}
    return classes, np.asarray([position[label] for label in labels], dtype=np.int64)


def _labels(name: str, known: Sequence[Any], rows: Sequence[int]) -> list[str]:
    """The class of each row as text; true and false words as one spelling."""
    parse = values.boolean if _are_booleans(known) else values.category
    cache: dict[tuple[type, Any], str] = {}
    labels: list[str] = []
    for row, value in zip(rows, known, strict=True):
        try:
            labels.append(cache.setdefault((type(value), value), parse(value)))
        except ValueError as error:
            raise _invalid(name, str(error), repr(value)[:60], "Correct the cell.", row=row) from error
    return labels


def _as_python(labels: Sequence[str], *, values_are_booleans: bool) -> tuple[Label, ...]:
    if values_are_booleans:
        return tuple(label == "true" for label in labels)
    if all(_is_plain_integer(label) for label in labels):
        return tuple(int(label) for label in labels)
    return tuple(labels)


def _are_booleans(known: Sequence[Any]) -> bool:
    return {str(value).strip().lower() for value in set(known)} <= {"true", "false"}


def _is_plain_integer(label: str) -> bool:
    return label.removeprefix("-").isdecimal() and str(int(label)) == label and -_INT64 <= int(label) < _INT64


def _order(label: str) -> tuple[int, int, str]:
    return (0, int(label), label) if _is_plain_integer(label) else (1, 0, label)


def _is_number(value: Any, *, text: bool) -> bool:
    return not isinstance(value, bool) and is_number(value, text=text)


def _is_missing(value: Any, *, numeric: bool) -> bool:
    if values.is_missing(value):
        return True
    return numeric and isinstance(value, str) and value.strip().lower() in values.MISSING_TEXT


def _invalid(name: str, expected: str, got: str, remedy: str, *, row: int | None = None) -> InvalidInput:
    return InvalidInput.of([Problem(column=name, row=row, expected=expected, got=got, remedy=remedy)])
