"""Generated tables of every kind of column, and models fitted on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.export import parity
from automl.export.build import build
from automl.export.family import unwrapped
from automl.export.parity import ParityReport
from automl.export.prep import Prep
from automl.signature import Feature, Label, Signature, Task
from automl.tensors import Tensors
from automl.values import MISSING

FEATURES = (
    Feature(name="age", type="number", nullable=True, low=-3.0, high=3.0),
    Feature(name="account", type="number"),
    Feature(name="same", type="number"),
    Feature(name="at", type="datetime", nullable=True),
    Feature(name="member", type="boolean", nullable=True),
    Feature(name="work", type="category", nullable=True, categories=("a", "b")),
    Feature(name="town", type="category"),
    Feature(name="only", type="category"),
)


def signature(classes: tuple[Label, ...] = (), features: tuple[Feature, ...] = FEATURES) -> Signature:
    task: Task = "classification" if classes else "regression"
    return Signature(features=features, target="target", task=task, classes=classes)


def tensors(rng: np.random.Generator, rows: int, *, missing: float = 0.1, unseen: float = 0.0) -> Tensors:
    """Rows of `FEATURES`: normal, ids of 1e9, constant, 2019 to 2022, booleans, 4, 300 and one category."""
    num = np.column_stack(
        [
            rng.normal(size=rows),
            1e9 + rng.integers(0, 5000, rows),
            np.full(rows, 7.0),
            1.55e9 + rng.integers(0, 10**8, rows) + rng.integers(0, 2, rows) / 2,
        ]
    )
    num[rng.random(rows) < missing, 0] = np.nan
    num[rng.random(rows) < missing, 3] = np.nan
    towns = np.array([f"town {number}" for number in range(300)], dtype=object)
    cat = np.empty((rows, 4), dtype=object)
    cat[:, 0] = rng.choice(np.array(["true", "false"], dtype=object), rows)
    cat[:, 1] = rng.choice(np.array(["a", "b", "ç", "d d"], dtype=object), rows, p=[0.5, 0.3, 0.15, 0.05])
    cat[:, 2] = towns[rng.zipf(1.5, rows) % 300]
    cat[:, 3] = "x"
    for column in (0, 1):
        cat[rng.random(rows) < missing, column] = MISSING
    for column in range(4):
        cat[rng.random(rows) < unseen, column] = "unheard of"
    return Tensors(num=num, cat=cat)


def target(rng: np.random.Generator, rows: Tensors, classes: int) -> npt.NDArray[Any]:
    """Class numbers (every class occurs), or a number with noise when `classes` is 0, that depend on the columns."""
    signal = (
        np.nan_to_num(rows.num[:, 0])
        + (rows.num[:, 1] - 1e9) / 2500
        + 0.5 * (np.nan_to_num(rows.num[:, 3], nan=1.6e9) // 86400 % 7)
        + (rows.cat[:, 1] == "b")
        + rng.normal(scale=0.5, size=len(rows))
    )
    if not classes:
        return np.asarray(1000.0 * signal)
    edges = np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1])
    return np.asarray(np.searchsorted(edges, signal), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """An estimator fitted on the matrix of generated rows, and rows it has not seen."""

    signature: Signature
    prep: Prep
    estimator: Any
    holdout: Tensors

    def export(self) -> bytes:
        return build(self.prep, unwrapped(self.estimator), self.signature, self.signature.classes)

    def check(self, model: bytes | None = None) -> ParityReport:
        return parity.check(
            self.export() if model is None else model,
            self.prep,
            self.predict,
            self.estimator.predict_proba if self.signature.classes else None,
            self.signature,
            holdout=self.holdout,
            golden=self.holdout[:10],
            estimator=self.estimator,
        )

    def predict(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        answers = np.asarray(self.estimator.predict(matrix))
        if not self.signature.classes:
            return answers
        names = np.array(self.signature.classes)
        return np.asarray(names[answers])


def fit(
    estimator: Any,
    classes: tuple[Label, ...] = (),
    *,
    rows: int = 400,
    seed: int = 0,
    missing: float = 0.1,
    fit_with: Callable[[Any, npt.NDArray[np.float64], npt.NDArray[Any]], Any] | None = None,
) -> Fitted:
    """Fit prep and estimator on one generated table, and hold another with unseen categories back."""
    rng = np.random.default_rng(seed)
    train = tensors(rng, rows, missing=missing)
    given = signature(classes)
    prep = Prep.fit(given, train)
    matrix, truth = prep.transform(train).astype(np.float64), target(rng, train, len(classes))
    fitted = estimator
    if fit_with:
        fitted = fit_with(estimator, matrix, truth)
    else:
        estimator.fit(matrix, truth)  # FLAML's wrappers return the seconds it took
    return Fitted(
        signature=given, prep=prep, estimator=fitted, holdout=tensors(rng, 500, missing=missing, unseen=0.05)
    )


def with_features(given: Signature, *names: str) -> Signature:
    """The signature with only these features."""
    return replace(given, features=tuple(feature for feature in given.features if feature.name in names))
