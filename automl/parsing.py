"""The only parser from raw values, of JSON, CSV and Parquet alike, to the tensors a model sees."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.errors import MAX_PROBLEMS, InvalidInput, Problem
from automl.forms import shown
from automl.signature import Feature, FeatureType, Signature
from automl.tensors import Tensors
from automl.texts import Texts, texts_of

_NUMERIC = frozenset((float, int, type(None)))
"""Types of a numeric cell that numpy converts as `values.number` does."""

_FEW = 8
"""Up to so many rows, looking at each cell takes less time than calling numpy."""

_INFINITIES = frozenset((math.inf, -math.inf))

_GUESSES = 5
"""For how many unknown columns of a request the nearest known name is looked up: it costs a comparison with each."""

_REMEDIES: dict[FeatureType, str] = {
    "number": "Send a number or null",
    "category": "Send text or null",
    "boolean": "Send true, false or null",
    "datetime": "Send ISO 8601 text, epoch seconds or null",
}
_ABSENT = object()


class Parser:
    """Rows of one model, from raw values to tensors. Safe to use from several threads.

    A row whose every cell is in order takes a short way; whatever that does not understand takes the long one, which
    is complete and names every problem.

    Parameters
    ----------
    strict
        Whether `signature.unknown_categories` counts. It is for requests: rows that were accepted once, and those
        that a model is tested with, are read as they are.
    """

    def __init__(self, signature: Signature, *, strict: bool = False) -> None:
        self.signature = signature
        self._ignores = signature.unknown_columns == "ignore"
        refuses = strict and signature.unknown_categories == "refuse"
        shared = Texts(values.category)
        self._numbers = _cells(signature.numbers)
        self._texts = _cells(signature.categories)
        self._epochs = [place for place, feature in enumerate(signature.numbers) if feature.type == "datetime"]
        self._canonical = [texts_of(feature, refuses=refuses, shared=shared) for feature in signature.categories]
        known = {feature.name for feature in signature.features}
        self._known = known | signature.ignored.keys() | {signature.target}

    def lenient(self) -> Parser:
        """The same, but that columns it does not know are ignored, whatever the signature says."""
        twin = copy(self)
        twin._ignores = True
        return twin

    def records(self, records: Sequence[Mapping[str, Any]]) -> Tensors:
        """Rows given as JSON objects.

        Raises
        ------
        InvalidInput
            Naming every bad field of every row, up to `MAX_PROBLEMS`.
        """
        try:
            if self._ignores or self._names_known(records):
                return self._quickly(records)
        except (KeyError, TypeError, ValueError, OverflowError):
            pass  # something is wrong, or unusual: the long way tells which
        found = _Problems()
        for row, record in enumerate(records):
            self._check_names(record, row, found)
        columns = {
            feature.name: [record.get(feature.name, _ABSENT) for record in records]
            for feature in self.signature.features
        }
        return self._tensors(columns, len(records), found, text=False)

    def columns(self, columns: Mapping[str, Sequence[Any]], *, text: bool = False) -> Tensors:
        """Rows given as equally long columns, with `text` when every value is text (CSV).

        Raises
        ------
        InvalidInput
            Naming every missing column and every bad field, up to `MAX_PROBLEMS`.
        """
        found = _Problems()
        self._check_names(columns, None, found)
        rows = len(next(iter(columns.values()))) if columns else 0
        absent = [_ABSENT] * min(rows, 1)  # one problem for the column, not one for each of its rows
        given = {feature.name: columns.get(feature.name, absent) for feature in self.signature.features}
        return self._tensors(given, rows, found, text=text)

    def _names_known(self, records: Sequence[Mapping[str, Any]]) -> bool:
        known, width = self._known, len(self.signature.features)
        # A row of as many columns as there are features has no other ones: `_quickly` finds each feature in it.
        return all(len(record) == width or known.issuperset(record) for record in records)

    def _quickly(self, records: Sequence[Mapping[str, Any]]) -> Tensors:
        """The tensors of rows that are in order; any error means that they may not be."""
        count, width = len(records), len(self.signature.numbers)
        numbers = [self._numbers(record) for record in records]
        if self._epochs:
            numbers = [self._with_epochs(cells) for cells in numbers]
        if not _NUMERIC.issuperset(map(type, chain.from_iterable(numbers))):
            raise TypeError
        num = np.fromiter(chain.from_iterable(numbers), np.float64, count * width).reshape(count, width)
        if _has_infinity(numbers) if count <= _FEW else np.isinf(num).any():
            raise ValueError
        cells = map(self._texts, records)
        if count <= _FEW:
            rows = [[known[text] for known, text in zip(self._canonical, row, strict=True)] for row in cells]
            return Tensors(num=num, cat=np.array(rows, dtype=object).reshape(count, len(self._canonical)))
        columns = zip(*cells, strict=True)
        texts = [list(map(known.__getitem__, column)) for known, column in zip(self._canonical, columns, strict=True)]
        cat = np.array(texts, dtype=object).reshape(len(texts), count)
        return Tensors(num=num, cat=np.ascontiguousarray(cat.T))

    def _with_epochs(self, cells: Sequence[Any]) -> list[Any]:
        changed = list(cells)
        for place in self._epochs:
            changed[place] = values.epoch(cells[place], form=self.signature.numbers[place].format)
        return changed

    def _check_names(self, given: Iterable[str], row: int | None, found: _Problems) -> None:
        if self._ignores:
            return
        for name in given:
            if name not in self._known:
                near: list[str] = []
                if len(found.kept) < _GUESSES:
                    near = difflib.get_close_matches(name[:100], self.signature.packed, n=1)
                hint = f"Did you mean '{near[0]}'?" if near else "Leave it out, or train the model with it."
                expected, got = "a column of this model", "an unknown column"
                found.add(Problem(column=name[:100], row=row, expected=expected, got=got, remedy=hint))

    def _tensors(self, columns: Mapping[str, Sequence[Any]], rows: int, found: _Problems, *, text: bool) -> Tensors:
        numbers, categories = self.signature.numbers, self.signature.categories
        num = np.empty((rows, len(numbers)), dtype=np.float64)
        cat = np.empty((rows, len(categories)), dtype=object)
        for index, feature in enumerate(numbers):
            parsed = _parse_column(feature, _parser(feature, text=text), columns[feature.name], found, text=text)
            if len(parsed) == rows:
                num[:, index] = parsed
        for index, feature in enumerate(categories):
            read = self._canonical[index].read
            parsed = _parse_column(feature, read, columns[feature.name], found, text=text)
            if len(parsed) == rows:
                cat[:, index] = parsed
        found.raise_any()
        return Tensors(num=num, cat=cat)


def parse_records(signature: Signature, records: Sequence[Mapping[str, Any]]) -> Tensors:
    """Rows given as JSON objects, for a model that is asked once. Raises InvalidInput."""
    return Parser(signature).records(records)


def parse_columns(signature: Signature, columns: Mapping[str, Sequence[Any]], *, text: bool = False) -> Tensors:
    """Rows given as equally long columns, for a model that is asked once. Raises InvalidInput."""
    return Parser(signature).columns(columns, text=text)


def _has_infinity(rows: Sequence[Sequence[Any]]) -> bool:
    return not _INFINITIES.isdisjoint(chain.from_iterable(rows))


def _cells(features: Sequence[Feature]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """The cells of some columns of a record, in order. The function raises KeyError where one is missing."""
    names = [feature.name for feature in features]
    if len(names) > 1:
        return itemgetter(*names)
    return lambda record: [record[name] for name in names]  # itemgetter gives a single one bare


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


def _parse_column(
    feature: Feature, read: Callable[[Any], Any], column: Sequence[Any], found: _Problems, *, text: bool
) -> Sequence[Any] | npt.NDArray[np.float64]:
    if feature.type == "number" and not text and set(map(type, column)) <= {float}:
        fast = np.asarray(column, dtype=np.float64)
        if np.isfinite(fast).all():
            return fast
    parsed: list[Any] = []
    for row, value in enumerate(column):
        try:
            parsed.append(read(value))
        except ValueError as error:
            parsed.append(None)
            found.add(_problem(feature, row, value, str(error)))
    return parsed


def _problem(feature: Feature, row: int, value: Any, expected: str) -> Problem:
    if value is _ABSENT:
        remedy = "Send null where it is not known."
        return Problem(column=feature.name, row=row, expected="a value or null", got="no such column", remedy=remedy)
    remedy = _REMEDIES[feature.type] + "."
    return Problem(column=feature.name, row=row, expected=expected, got=shown(value), remedy=remedy)


def _parser(feature: Feature, *, text: bool) -> Callable[[Any], float]:
    if feature.type == "datetime":
        return lambda value: values.epoch(value, form=feature.format)
    return lambda value: values.number(value, text=text)
