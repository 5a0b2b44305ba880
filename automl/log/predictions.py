"""Predictions on their way to the log, which are written as lines many at a time.

A line costs two to three microseconds where many are written one after the other, and four times as much between the
other work of a request, when the processor's caches hold other things. So a request leaves what its lines will say,
and whoever gathers the log writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.log.records import Recorder
from automl.signature import Signature
from automl.tensors import Tensors, to_records


@dataclass(slots=True, kw_only=True, eq=False)
class Predictions:
    """What one request was answered, one prediction for each of its N rows. Not to be changed once it is made.

    Parameters
    ----------
    recorder
        Of the version that answered.
    tensors
        The rows as that version saw them.
    labels, probabilities
        As `scoring.session.Scores` has them.

    The others are as `Recorder.lines` has them.
    """

    recorder: Recorder
    signature: Signature
    tensors: Tensors
    at_ms: int
    ids: Sequence[str]
    keys: Sequence[str | None] | None
    labels: Sequence[Any]
    probabilities: npt.NDArray[np.float64] | None
    latency_us: int


Lines = bytes | Predictions
"""Whole lines of the log, or what becomes such."""


def lines_of(requests: Sequence[Predictions]) -> bytes:
    """The lines of some requests, in their order."""
    alike = groupby(requests, key=attrgetter("recorder"))
    return b"".join(line for _, group in alike for line in _by_one(list(group)))


def _by_one(requests: Sequence[Predictions]) -> list[bytes]:
    """The lines of requests that one version answered."""
    first = requests[0]
    tensors = first.tensors if len(requests) == 1 else Tensors.concat([each.tensors for each in requests])
    features = to_records(first.signature, tensors)
    lines: list[bytes] = []
    begin = 0
    for each in requests:
        end = begin + len(each.ids)
        lines.append(
            each.recorder.lines(
                at_ms=each.at_ms,
                ids=each.ids,
                keys=each.keys,
                features=features[begin:end],
                labels=each.labels,
                probabilities=None if each.probabilities is None else each.probabilities.tolist(),
                latency_us=each.latency_us,
            )
        )
        begin = end
    return lines
