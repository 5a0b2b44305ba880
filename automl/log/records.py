"""The lines of the log. Each begins with its id or key, so that readers find it without decoding the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

ID = slice(7, 43)
"""Where a prediction line has its id: behind `{"id":"`."""

KEY = slice(43, 50)
"""Where a prediction line of a model with a business key has `KEY_MARK`."""

KEY_MARK = b'","key"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What one request was answered; all sequences have one entry a row.

    Parameters
    ----------
    role
        `champion`, or `challenger` for a model that scores in shadow.
    at_ms
        When, in UTC epoch milliseconds.
    keys
        Business keys, None for a row without one; absent when no row has one.
    features
        Canonical JSON values (`signature.to_records`).
    labels
        Classes, or numbers for regression.
    probabilities
        In the order of the signature's classes; absent for regression.
    latency_us
        From the first byte parsed to the answer, for the whole request, in microseconds.
    """

    model: str
    version: str
    role: str
    at_ms: int
    ids: Sequence[str]
    keys: Sequence[str | None] | None
    features: Sequence[Mapping[str, Any]]
    labels: Sequence[Any]
    probabilities: Sequence[Sequence[float]] | None
    latency_us: int

    def lines(self) -> bytes:
        """One line a row."""
        none = [None] * len(self.ids)
        columns = (self.ids, self.keys or none, self.features, self.labels, self.probabilities or none)
        return b"".join(
            _line(
                {
                    "id": identity,
                    **({} if key is None else {"key": key}),
                    "model": self.model,
                    "version": self.version,
                    "role": self.role,
                    "at": self.at_ms,
                    "features": features,
                    "prediction": label,
                    "probabilities": probabilities,
                    "latency_us": self.latency_us,
                }
            )
            for identity, key, features, label, probabilities in zip(*columns, strict=True)
        )


def truth_line(name: Mapping[str, str], truth: Any, *, at_ms: int, received_ms: int) -> bytes:
    """The line of one accepted truth.

    Parameters
    ----------
    name
        `{"id": prediction id}` or `{"key": business key}`.
    at_ms, received_ms
        When it became true by the sender's word, and when it came; UTC epoch milliseconds.
    """
    return _line({**name, "truth": truth, "at": at_ms, "received": received_ms})


def _line(record: Mapping[str, Any]) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
