"""The golden rows of a version: scoring requests of every form, with the answers its exported model gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from automl.parsing import Parser
from automl.scoring import rows
from automl.scoring.reading import Reading
from automl.scoring.session import ModelSession
from automl.signature import Signature
from automl.tensors import Tensors, to_records

PLAIN = 12
"""Holdout rows among them; the others are made from the first."""

UNSEEN = "never seen in training"

Record = dict[str, Any]


def golden(session: ModelSession, holdout: Tensors) -> tuple[list[dict[str, Any]], Tensors]:
    """About twenty requests with their answers (golden.json), and the rows of all of them.

    Parameters
    ----------
    session
        The exported model.
    holdout
        At least one row.
    """
    reading = Reading(parser=Parser(session.signature), key=session.key)
    found: list[dict[str, Any]] = []
    parts: list[Tensors] = []
    for index, record in enumerate(_records(session.signature, holdout)):
        request = _body(record, index)
        tensors = rows.from_value(reading, request).tensors
        scores = session.score(tensors)
        answer: dict[str, Any] = {"predictions": list(scores.labels)}
        if scores.probabilities is not None:
            answer["probabilities"] = scores.probabilities.tolist()
        found.append({"request": request, "answer": answer})
        parts.append(tensors)
    return found, Tensors.concat(parts)


def _records(signature: Signature, holdout: Tensors) -> list[Record]:
    """Rows as they are, then one that misses everything, unseen categories, ends of ranges, and ISO 8601 text."""
    places = np.unique(np.linspace(0, len(holdout) - 1, PLAIN).astype(np.int64))
    plain = to_records(signature, holdout[places])
    first = plain[0]
    made: list[Record] = [dict.fromkeys(first)]
    made += [first | {feature.name: None} for feature in signature.features[:2]]
    unseen = {feature.name: UNSEEN for feature in signature.categories if feature.type == "category"}
    if unseen:
        made.append(first | unseen)
    made.append(first | {feature.name: feature.low for feature in signature.numbers})
    made.append(first | {feature.name: feature.high for feature in signature.numbers})
    made.append(first | {item.name: None if item.high is None else 10 * item.high for item in signature.numbers})
    moments = {feature.name for feature in signature.numbers if feature.type == "datetime"}
    if moments:
        made.append({name: _iso(value) if name in moments else value for name, value in first.items()})
    return plain + made


def _body(record: Record, index: int) -> dict[str, Any]:
    """The request for one row, each form in turn."""
    forms: Sequence[Mapping[str, Any]] = (
        {"dataframe_records": [record]},
        {"dataframe_split": {"columns": list(record), "data": [list(record.values())]}},
        {"instances": [record]},
        {"inputs": {name: [value] for name, value in record.items()}},
    )
    return dict(forms[index % len(forms)])


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
