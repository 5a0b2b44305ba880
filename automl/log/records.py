"""The lines of the log. Each begins with its id or key, so that readers find it without decoding the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from automl.log.redaction import Redaction

ID = slice(7, 43)
"""Where a prediction line has its id: behind `{"id":"`."""

KEY = slice(43, 50)
"""Where a prediction line of a model with a business key has `KEY_MARK`."""

KEY_MARK = b'","key"'


class Recorder:
    """Writes the lines of one version's predictions.

    What all of them have in common is encoded once: a line costs a few microseconds, and its answer waits for it.

    Parameters
    ----------
    role
        `champion`, or `challenger` for what it answers as one, of a share of the requests.
    key
        The column that the business keys are from, if there is one.
    redaction
        What is left out of every line.
    """

    def __init__(self, *, model: str, version: str, role: str, redaction: Redaction, key: str | None = None) -> None:
        origin = orjson.dumps({"model": model, "version": version, "role": role})
        self._origin = b"," + origin[1:-1].replace(b"%", b"%%") + b',"at":%d,'
        self._key = key
        self._redaction = redaction

    @property
    def logs_keys(self) -> bool:
        """Whether predictions can be found in the log by a business key."""
        return self._key is not None and not self._redaction.hides(self._key)

    def lines(
        self,
        *,
        at_ms: int,
        ids: Sequence[str],
        keys: Sequence[str | None] | None,
        features: Sequence[Mapping[str, Any]],
        labels: Sequence[Any],
        probabilities: Sequence[Sequence[float]] | None,
        latency_us: int,
    ) -> bytes:
        """One line a row; all sequences have one entry a row.

        Parameters
        ----------
        at_ms
            When, in UTC epoch milliseconds.
        keys
            Business keys, None for a row without one; absent when no row has one.
        features
            Canonical JSON values (`tensors.to_records`).
        labels
            Classes, or numbers for regression.
        probabilities
            In the order of the signature's classes; absent for regression.
        latency_us
            From the first byte parsed to the answer, for the whole request, in microseconds.
        """
        keys, features = self._redaction.shown(self._key, keys, features)
        begun = self._origin % at_ms
        lines: list[bytes] = []
        for row, identity in enumerate(ids):
            key = None if keys is None else keys[row]
            rest = {
                "features": features[row],
                "prediction": labels[row],
                "probabilities": None if probabilities is None else probabilities[row],
                "latency_us": latency_us,
            }
            named = b"" if key is None else b',"key":' + orjson.dumps(key)
            ended = orjson.dumps(rest, option=orjson.OPT_APPEND_NEWLINE)
            lines += (b'{"id":"', identity.encode(), b'"', named, begun, ended[1:])
        return b"".join(lines)


def truth_line(
    name: Mapping[str, str], truth: Any, *, at_ms: int, received_ms: int, source: str | None = None
) -> bytes:
    """The line of one accepted truth.

    Parameters
    ----------
    name
        `{"id": prediction id}` or `{"key": business key}`.
    at_ms, received_ms
        When it became true by the sender's word, and when it came; UTC epoch milliseconds.
    source
        Who sent it, by the sender's word.
    """
    record = {**name, "truth": truth, "at": at_ms, "received": received_ms}
    if source is not None:
        record["source"] = source
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
