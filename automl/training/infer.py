"""From a table and a spec to a signature, the rows as tensors, and their targets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from automl.errors import InvalidInput, Problem
from automl.parsing import parse_columns
from automl.signature import Feature, Signature
from automl.spec import Spec
from automl.tensors import Tensors
from automl.training.columns import kind_of
from automl.training.table import Table
from automl.training.target import Target, read_target
from automl.values import MISSING

KEPT_CATEGORIES = 100
"""Most categories of a column that the signature lists, unless those it does not list are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inferred:
    """What a table holds for a spec.

    Parameters
    ----------
    signature
        Types and classes; what was *seen* in the columns is added by `describe`, from the rows trained on.
    tensors
        Rows with a target, in the order of the table.
    target
        Their targets; `target.rows` says which rows of the table they are.
    order
        float64 [N]: what `columns.time` says of each row, NaN when missing; None without a time column.
    dropped
        Rows of the table that have no target.
    """

    signature: Signature
    tensors: Tensors
    target: Target
    order: npt.NDArray[np.float64] | None
    dropped: int


def infer(table: Table, spec: Spec) -> Inferred:
    """Decide the task and the type of every column, and read the rows.

    Raises
    ------
    InvalidInput
        When the spec names a column that is not there, a cell does not fit a type that the spec names, the target
        cannot be learned, or no column can serve as a feature.
    """
    _check_spec(table, spec)
    target = read_target(spec.target, table.columns[spec.target], text=table.text, task=spec.task)
    features, ignored = _features(table, spec)
    signature = Signature(
        features=features,
        target=spec.target,
        task=target.task,
        classes=target.classes,
        ignored=ignored,
        unknown_columns=spec.columns.unknown,
        unknown_categories=spec.columns.unknown_categories,
    )
    if not features:
        reasons = "; ".join(f"'{name}': {why}" for name, why in list(ignored.items())[:10]) or "there is no other"
        remedy = "Add columns that vary and repeat, or name the type of one in columns.types."
        raise InvalidInput.of(
            [Problem(expected="a column to learn from beside the target", got=reasons, remedy=remedy)]
        )
    names = [feature.name for feature in features]
    # every row is read, also those without a target, so that an error names the row of the file
    tensors = parse_columns(signature, {name: table.columns[name] for name in names}, text=table.text)
    order = _order(table, spec)
    return Inferred(
        signature=signature,
        tensors=tensors[target.rows],
        target=target,
        order=None if order is None else order[target.rows],
        dropped=table.rows - len(target.rows),
    )


def describe(signature: Signature, tensors: Tensors) -> Signature:
    """The signature with what these rows show: ranges, categories (most frequent first) and missing values."""
    features: list[Feature] = []
    listed = None if signature.unknown_categories == "refuse" else KEPT_CATEGORIES
    number, category = iter(tensors.num.T), iter(tensors.cat.T)
    for feature in signature.features:
        if feature.is_numeric:
            column = next(number)
            seen = column[~np.isnan(column)]
            low, high = (float(seen.min()), float(seen.max())) if len(seen) else (None, None)
            features.append(replace(feature, nullable=len(seen) < len(column), low=low, high=high))
        else:
            counts = Counter(next(category).tolist())
            nullable = counts.pop(MISSING, 0) > 0
            ranked = sorted(counts, key=lambda value: (-counts[value], value))
            features.append(replace(feature, nullable=nullable, categories=tuple(ranked[:listed])))
    return replace(signature, features=tuple(features))


def _check_spec(table: Table, spec: Spec) -> None:
    table.require(spec.target, role="the target")
    columns = spec.columns
    roles = [(name, "columns.drop") for name in columns.drop] + [(name, "columns.types") for name in columns.types]
    roles += [(name, "monitor.redact") for name in spec.monitor.redact]
    roles += [(name, role) for name, role in ((columns.key, "columns.key"), (columns.time, "columns.time")) if name]
    for name, role in roles:
        table.require(name, role=role)
        if name == spec.target:
            remedy = f"Take it out of {role}."
            expected = f"another column than the target in {role}"
            raise InvalidInput.of([Problem(column=name, expected=expected, got="the target", remedy=remedy)])


def _features(table: Table, spec: Spec) -> tuple[tuple[Feature, ...], dict[str, str]]:
    features: list[Feature] = []
    ignored: dict[str, str] = {}
    for name, cells in table.columns.items():
        if name == spec.target:
            continue
        if name in spec.columns.drop:
            ignored[name] = "dropped by the spec"
        elif name == spec.columns.key:
            ignored[name] = "the business key"
        else:
            kind = kind_of(name, cells, text=table.text, wanted=spec.columns.types.get(name))
            if kind.type is None:
                ignored[name] = kind.ignored
            else:
                features.append(Feature(name=name, type=kind.type, format=kind.format))
    return tuple(features), ignored


def _order(table: Table, spec: Spec) -> npt.NDArray[np.float64] | None:
    """The time column by itself: it orders the rows even where it is not a feature."""
    name = spec.columns.time
    if name is None:
        return None
    cells = table.columns[name]
    kind = kind_of(name, cells, text=table.text, wanted=spec.columns.types.get(name))
    if kind.type not in (None, "number", "datetime"):
        expected = "a column of datetimes or numbers in columns.time"
        remedy = "Write it in ISO 8601, or name another column."
        raise InvalidInput.of([Problem(column=name, expected=expected, got=f"a {kind.type}", remedy=remedy)])
    feature = Feature(name=name, type=kind.type or "number", format=kind.format)
    alone = Signature(features=(feature,), target=spec.target, task="regression")
    column: npt.NDArray[np.float64] = parse_columns(alone, {name: cells}, text=table.text).num[:, 0]
    return column
