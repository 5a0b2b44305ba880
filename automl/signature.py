"""What a model takes and gives, and the only parser from raw values to the tensors it sees."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl import values
from automl.errors import InvalidInput, Problem
from automl.values import MISSING

FeatureType = Literal["number", "category", "boolean", "datetime"]
Task = Literal["classification", "regression"]
Label = str | int | bool

MAX_PROBLEMS = 100
"""How many problems one error lists; the rest are counted."""

_REMEDIES: dict[FeatureType, str] = {
    "number": "Send a number or null",
    "category": "Send text or null",
    "boolean": "Send true, false or null",
    "datetime": "Send ISO 8601 text, epoch seconds or null",
}
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One input column of a model.

    Parameters
    ----------
    type
        `number` and `datetime` travel in the numeric tensor, `category` and `boolean` in the text tensor.
    nullable
        Whether training saw missing values. A null is accepted either way.
    categories
        Values seen in training, most frequent first; only the first 100 are kept here.
    low, high
        Range seen in training (epoch seconds for a datetime).
    format
        `strptime` format of a datetime that is not ISO 8601.
    """

    name: str
    type: FeatureType
    nullable: bool = False
    categories: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    format: str | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether the feature is a column of `num` rather than of `cat`."""
        return self.type in ("number", "datetime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The ordered features of a model, its target and its classes.

    Parameters
    ----------
    ignored
        Columns that were in the training table and are not features, with the reason. Accepted and not read.
    classes
        The labels in the order of the probabilities; empty for regression.
    unknown_columns
        What a request with a column that training never saw meets.
    """

    features: tuple[Feature, ...]
    target: str
    task: Task
    classes: tuple[Label, ...] = ()
    ignored: dict[str, str] = field(default_factory=dict)
    unknown_columns: Literal["refuse", "ignore"] = "refuse"

    @property
    def numbers(self) -> tuple[Feature, ...]:
        """The features behind the columns of `num`, in order."""
        return tuple(feature for feature in self.features if feature.is_numeric)

    @property
    def categories(self) -> tuple[Feature, ...]:
        """The features behind the columns of `cat`, in order."""
        return tuple(feature for feature in self.features if not feature.is_numeric)

    def to_json(self) -> dict[str, Any]:
        """This signature as a JSON object."""
        return asdict(self) | {"classes": list(self.classes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Signature:
        """The signature that `to_json` wrote."""
        features = tuple(
            Feature(**{**item, "categories": tuple(item.get("categories", ()))}) for item in data["features"]
        )
        return cls(**{**data, "features": features, "classes": tuple(data["classes"])})

    def parse_target(self, value: Any, *, text: bool = False) -> Label | float:
        """A ground-truth value as one of the classes, or as a finite number.

        Raises
        ------
        ValueError
            Saying what was expected.
        """
        if values.is_missing(value):
            raise ValueError("a value that is not missing")
        if self.task == "regression":
            result = values.number(value, text=text)
            if math.isnan(result):
                raise ValueError("a value that is not missing")
            return result
        wanted = values.boolean(value) if isinstance(self.classes[0], bool) else values.category(value)
        for label in self.classes:
            if values.category(label) == wanted:
                return label
        raise ValueError("one of the classes " + ", ".join(repr(label) for label in self.classes[:20]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensors:
    """Rows as a model sees them.

    Parameters
    ----------
    num
        float64 [N, C]: numbers and epoch seconds, NaN when missing.
    cat
        object [N, K] of str: categories and booleans, `MISSING` when missing.
    """

    num: npt.NDArray[np.float64]
    cat: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return int(self.num.shape[0])

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> Tensors:
        return Tensors(num=self.num[rows], cat=self.cat[rows])

    @staticmethod
    def concat(parts: Sequence[Tensors]) -> Tensors:
        """The rows of all parts, in order."""
        return Tensors(
            num=np.concatenate([part.num for part in parts]), cat=np.concatenate([part.cat for part in parts])
        )


def parse_records(signature: Signature, records: Sequence[Mapping[str, Any]]) -> Tensors:
    """Rows given as JSON objects.

    Raises
    ------
    InvalidInput
        Naming every bad field of every row, up to `MAX_PROBLEMS`.
    """
    found = _Problems()
    for row, record in enumerate(records):
        _check_names(signature, record, row, found)
    columns = {
        feature.name: [record.get(feature.name, _ABSENT) for record in records] for feature in signature.features
    }
    return _tensors(signature, columns, len(records), found, text=False)


def parse_columns(signature: Signature, columns: Mapping[str, Sequence[Any]], *, text: bool = False) -> Tensors:
    """Rows given as equally long columns, with `text` when every value is text (CSV).

    Raises
    ------
    InvalidInput
        Naming every missing column and every bad field, up to `MAX_PROBLEMS`.
    """
    found = _Problems()
    _check_names(signature, columns, None, found)
    rows = len(next(iter(columns.values()))) if columns else 0
    absent = [_ABSENT] * min(rows, 1)  # one problem for the column, not one for each of its rows
    given = {feature.name: columns.get(feature.name, absent) for feature in signature.features}
    return _tensors(signature, given, rows, found, text=text)


def to_records(signature: Signature, tensors: Tensors) -> list[dict[str, Any]]:
    """Canonical JSON objects of the rows; `parse_records` gives the same tensors back, bit for bit."""
    names: list[str] = []
    columns: list[list[Any]] = []
    for index, feature in enumerate(signature.numbers):
        names.append(feature.name)
        columns.append([None if math.isnan(value) else value for value in tensors.num[:, index].tolist()])
    for index, feature in enumerate(signature.categories):
        names.append(feature.name)
        texts = tensors.cat[:, index].tolist()
        if feature.type == "boolean":
            columns.append([None if value == MISSING else value == "true" for value in texts])
        else:
            columns.append([None if value == MISSING else value for value in texts])
    if not names:
        return [{} for _ in range(len(tensors))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


class _Problems:
    """Problems found so far: the first `MAX_PROBLEMS` whole, the others counted."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.more = 0

    def add(self, problem: Problem) -> None:
        if len(self.kept) < MAX_PROBLEMS:
            self.kept.append(problem)
        else:
            self.more += 1

    def raise_any(self) -> None:
        if self.kept:
            raise InvalidInput.of(self.kept, more=self.more)


def _check_names(signature: Signature, given: Iterable[str], row: int | None, found: _Problems) -> None:
    if signature.unknown_columns == "ignore":
        return
    known = {feature.name for feature in signature.features} | signature.ignored.keys() | {signature.target}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, [feature.name for feature in signature.features], n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "Leave it out, or train the model with it."
            got = "an unknown column"
            found.add(Problem(column=name, row=row, expected="a column of this model", got=got, remedy=hint))


def _tensors(
    signature: Signature, columns: Mapping[str, Sequence[Any]], rows: int, found: _Problems, *, text: bool
) -> Tensors:
    numbers, categories = signature.numbers, signature.categories
    num = np.empty((rows, len(numbers)), dtype=np.float64)
    cat = np.empty((rows, len(categories)), dtype=object)
    for index, feature in enumerate(numbers):
        parsed = _parse_column(feature, columns[feature.name], found, text=text)
        if len(parsed) == rows:
            num[:, index] = parsed
    for index, feature in enumerate(categories):
        parsed = _parse_column(feature, columns[feature.name], found, text=text)
        if len(parsed) == rows:
            cat[:, index] = parsed
    found.raise_any()
    return Tensors(num=num, cat=cat)


def _parse_column(
    feature: Feature, column: Sequence[Any], found: _Problems, *, text: bool
) -> Sequence[Any] | npt.NDArray[np.float64]:
    if feature.type == "number" and not text and set(map(type, column)) <= {float}:
        fast = np.asarray(column, dtype=np.float64)
        if np.isfinite(fast).all():
            return fast
    parse = _parser(feature, text=text)
    parsed: list[Any] = []
    for row, value in enumerate(column):
        try:
            parsed.append(parse(value))
        except ValueError as error:
            parsed.append(None)
            found.add(_problem(feature, row, value, str(error)))
    return parsed


def _problem(feature: Feature, row: int, value: Any, expected: str) -> Problem:
    if value is _ABSENT:
        remedy = "Send null where it is not known."
        return Problem(column=feature.name, row=row, expected="a value or null", got="no such column", remedy=remedy)
    shown = repr(value)
    got = shown if len(shown) <= 60 else shown[:57] + "..."
    return Problem(column=feature.name, row=row, expected=expected, got=got, remedy=_REMEDIES[feature.type] + ".")


def _parser(feature: Feature, *, text: bool) -> Callable[[Any], Any]:
    if feature.type == "number":
        return lambda value: values.number(value, text=text)
    if feature.type == "datetime":
        return lambda value: values.epoch(value, form=feature.format)
    return values.boolean if feature.type == "boolean" else values.category
