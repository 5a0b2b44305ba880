"""What a version's rows are counted by: the fixed bins of its baseline.json, column by column.

Every column has its slots in one vector of counts [S], so that counts of any rows are added without knowing what they
mean. Features come first, in the order of the signature; then the prediction; then the score of a classifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from automl.errors import NotFound
from automl.evaluation.calibrated import Calibration
from automl.monitoring.drift_columns import Column, NumberColumn, of_feature, of_number, of_values
from automl.registry import Registry
from automl.signature import Signature

PREDICTION, SCORE = "prediction", "score"
"""Names of the two columns behind the features."""


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
        features = tuple(of_feature(one, baseline["features"][one.name]) for one in signature.features)
        answer = baseline["prediction"]
        answers = [of_number(PREDICTION, answer) if "edges" in answer else of_values(PREDICTION, answer)]
        if score := baseline.get("score"):
            answers.append(of_number(SCORE, score))
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
