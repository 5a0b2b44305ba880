"""What a version's rows are counted by: the fixed bins of its baseline.json, column by column.

Every column has its slots in one vector of counts [S], so that counts of any rows are added without knowing what they
mean. Features come first, in the order of the signature; then the prediction; then the score of a classifier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from automl import values
from automl.errors import NotFound
from automl.evaluation.calibrated import Calibration
from automl.registry import Registry
from automl.signature import Feature, Signature
from automl.values import MISSING

OWN_BINS = 20
"""Most frequent values of a category that have a bin each; the other known ones share one."""

PREDICTION, SCORE = "prediction", "score"
"""Names of the two columns behind the features."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberColumn:
    """A number or moment in bins between edges. Slots: the bins, missing, below and above the range seen.

    Parameters
    ----------
    importance
        Share in what the model knows; None where it was not measured.
    low, high
        Range seen in training. What lies outside is counted in the outer bins too.
    reference
        The slots of the training rows (of the holdout's answers, for prediction and score).
    """

    name: str
    importance: float | None
    edges: npt.NDArray[np.float64]
    low: float
    high: float
    reference: Ints
    ordered: bool = True

    @property
    def bins(self) -> int:
        """How many of the slots are bins."""
        return len(self.edges) + 1

    def count(self, numbers: npt.NDArray[np.float64]) -> Ints:
        """The slots of some values, NaN where missing."""
        codes = np.searchsorted(self.edges, numbers, side="right")
        codes[np.isnan(numbers)] = self.bins
        outside = [np.count_nonzero(numbers < self.low), np.count_nonzero(numbers > self.high)]
        return np.concatenate([np.bincount(codes, minlength=self.bins + 1), outside])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CategoryColumn:
    """A category. Slots: `own` bins of frequent values, other known values, values not known, missing.

    Parameters
    ----------
    codes
        The bin of each known value.
    known
        Whether `codes` holds all that training saw. A column of more than 100 values holds the 100 most frequent.
    """

    name: str
    importance: float | None
    codes: Mapping[str, int]
    known: bool
    reference: Ints
    ordered: bool = False

    @property
    def bins(self) -> int:
        """How many of the slots are bins."""
        return len(self.reference) - 1

    def count(self, cells: Iterable[Any]) -> tuple[Ints, list[str]]:
        """The slots of some canonical JSON values, and the values that are not known."""
        slots, new = np.zeros(len(self.reference), dtype=np.int64), list[str]()
        for value, times in Counter(cells).items():
            text = values.category(value)
            if text == MISSING:
                slots[-1] += times
            elif (code := self.codes.get(text)) is None:
                slots[-2] += times
                new.append(text)
            else:
                slots[code] += times
        return slots, new


Column = NumberColumn | CategoryColumn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """The columns of a version with their places in the vector of counts.

    Parameters
    ----------
    rows
        Rows trained on.
    calibration
        How its probabilities are to be read, where it was fitted.
    starts
        Where the slots of each column begin, and where the last ones end.
    """

    version: str
    signature: Signature
    rows: int
    features: tuple[Column, ...]
    answers: tuple[Column, ...]
    calibration: Calibration | None = None
    starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        sizes = [len(column.reference) for column in self.columns]
        object.__setattr__(self, "starts", tuple(np.cumsum([0, *sizes]).tolist()))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Features, prediction, score."""
        return self.features + self.answers

    @property
    def numbers(self) -> list[Column]:
        """The columns that have a range."""
        return [column for column in self.columns if isinstance(column, NumberColumn)]

    @classmethod
    def read(
        cls,
        version: str,
        signature: Signature,
        baseline: Mapping[str, Any],
        calibration: Mapping[str, Any] | None = None,
    ) -> Reference | None:
        """What baseline.json, of any format, holds; None for one without distributions."""
        if "features" not in baseline:
            return None
        features = tuple(_of_feature(one, baseline["features"][one.name]) for one in signature.features)
        answer = baseline["prediction"]
        answers = [_of_number(PREDICTION, answer) if "edges" in answer else _of_values(PREDICTION, answer)]
        if score := baseline.get("score"):
            answers.append(_of_number(SCORE, score))
        return cls(
            version=version,
            signature=signature,
            rows=baseline["n"],
            features=features,
            answers=tuple(answers),
            calibration=Calibration.from_json(calibration) if calibration else None,
        )


class References:
    """The references and signatures of a model's versions, each read once."""

    def __init__(self, registry: Registry, model: str) -> None:
        self._registry = registry
        self._model = model
        self._read: dict[str, Reference | None] = {}
        self._signatures: dict[str, Signature] = {}

    def of(self, version: str) -> Reference | None:
        """The reference of a version; None where it does not exist any more or has no distributions."""
        if version not in self._read:
            self._read[version] = self._load(version)
        return self._read[version]

    def signature(self, version: str) -> Signature:
        """The signature of a version. Raises NotFound."""
        if version not in self._signatures:
            data = self._registry.file(self._model, version, "signature.json")
            self._signatures[version] = Signature.from_json(orjson.loads(data))
        return self._signatures[version]

    def _load(self, version: str) -> Reference | None:
        try:
            signature = self.signature(version)
            baseline = orjson.loads(self._registry.file(self._model, version, "baseline.json"))
        except NotFound:
            return None
        curves = None
        with suppress(NotFound):  # older versions have none, nor have regressions
            curves = orjson.loads(self._registry.file(self._model, version, "calibration.json"))
        return Reference.read(version, signature, baseline, curves)


def _of_feature(feature: Feature, data: Mapping[str, Any]) -> Column:
    importance = data.get("importance")
    if feature.is_numeric:
        return _of_number(feature.name, data, importance=importance, low=feature.low, high=feature.high)
    return _of_values(feature.name, data, importance=importance)


def _of_number(
    name: str,
    data: Mapping[str, Any],
    *,
    importance: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> NumberColumn:
    return NumberColumn(
        name=name,
        importance=importance,
        edges=np.asarray(data["edges"], dtype=np.float64),
        low=-np.inf if low is None else low,
        high=np.inf if high is None else high,
        reference=np.array([*data["counts"], data["missing"], 0, 0], dtype=np.int64),
    )


def _of_values(name: str, data: Mapping[str, Any], *, importance: float | None = None) -> CategoryColumn:
    names: Sequence[str] = data["values"]
    own, other = min(len(names), OWN_BINS), data.get("other", 0)
    counts = data["counts"]
    reference = [*counts[:own], sum(counts[own:]), other, data.get("missing", 0)]
    return CategoryColumn(
        name=name,
        importance=importance,
        codes={value: min(place, own) for place, value in enumerate(names)},
        known=other == 0,
        reference=np.array(reference, dtype=np.int64),
    )
