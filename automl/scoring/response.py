"""The answer of `/models/{model}/score`, as JSON."""

from __future__ import annotations

from typing import Any

import orjson

from automl.scoring.service import Answer


def to_json(answer: Answer) -> bytes:
    """Predictions, the probability of each class, the version that gave them, and an id a row for its truth."""
    session, probabilities = answer.session, answer.scores.probabilities
    body: dict[str, Any] = {
        "model": session.model,
        "version": session.version,
        "predictions": answer.scores.labels,
    }
    if probabilities is not None:
        names = session.class_names
        body["probabilities"] = [dict(zip(names, row, strict=True)) for row in probabilities.tolist()]
    body["prediction_ids"] = answer.ids
    body["logged"] = answer.logged
    return orjson.dumps(body)
