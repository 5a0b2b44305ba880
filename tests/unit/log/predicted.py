"""Predictions of a small model, as a request leaves them to the log."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl.log.ids import Ids
from automl.log.predictions import Predictions
from automl.log.records import Recorder
from automl.log.redaction import Redaction
from automl.signature import Feature, Signature
from automl.tensors import Tensors

IDS = Ids(bytes(32))
SIGNATURE = Signature(
    features=(Feature(name="n", type="number"), Feature(name="c", type="category")),
    target="t",
    task="classification",
    classes=("a", "b"),
)


def recorder(version: str = "v1") -> Recorder:
    """One that leaves nothing out."""
    return Recorder(model="adult", version=version, role="champion", redaction=Redaction(()))


RECORDER = recorder()


def predictions(*, rows: int, at_ms: int, **given: Any) -> Predictions:
    """One request's, with other values in each row."""
    tensors = Tensors(
        num=np.arange(rows, dtype=np.float64)[:, None] + at_ms,
        cat=np.array([[f"c{row}"] for row in range(rows)], dtype=object),
    )
    made: dict[str, Any] = {
        "recorder": RECORDER,
        "signature": SIGNATURE,
        "tensors": tensors,
        "at_ms": at_ms,
        "ids": IDS.mint("adult", rows, at_ms),
        "keys": None,
        "labels": ["a"] * rows,
        "probabilities": np.full((rows, 2), 0.5),
        "latency_us": 7,
    }
    return Predictions(**made | given)
