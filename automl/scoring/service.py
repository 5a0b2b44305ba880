"""One scoring request: from the bytes of its body to the bytes of its answer, and its records in the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from automl.errors import Unavailable
from automl.events import Clock
from automl.log.ids import Ids
from automl.log.records import Predictions
from automl.log.writer import AppendLog
from automl.scoring import rows
from automl.scoring.champions import Champions
from automl.scoring.rows import Reading, Rows
from automl.scoring.session import ModelSession
from automl.settings import Settings
from automl.signature import to_records

INLINE_BYTES = 8 * 1024
"""A longer body takes more than about a millisecond and is scored in a thread, so that short ones need not wait."""

_READERS: dict[str, Callable[[Reading, bytes], Rows]] = {
    "application/json": rows.from_json,
    "text/csv": rows.from_csv,
}
MEDIA_TYPES = tuple(_READERS)
"""Content types of a scoring request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    """An answer but for whether it was logged, and its log lines."""

    answer: bytes
    lines: bytes
    count: int


class Scoring:
    """Scores requests with the champions and logs what they answered.

    Parameters
    ----------
    log
        The log of predictions.
    settings
        `log` (`off` writes nothing) and `max_rows`.
    """

    def __init__(self, *, champions: Champions, ids: Ids, log: AppendLog, settings: Settings, clock: Clock) -> None:
        self._champions = champions
        self._ids = ids
        self._log = log
        self._is_logged = settings.log != "off"
        self._max_rows = settings.max_rows
        self._clock = clock

    async def score(self, model: str, body: bytes, media_type: str) -> bytes:
        """The answer to one request, as JSON.

        `logged` tells whether its records are in the log; where storage fails, the score is answered all the same.

        Parameters
        ----------
        media_type
            One of `MEDIA_TYPES`.

        Raises
        ------
        InvalidInput, TooLarge
            The body is not rows of this model.
        NotFound, Unavailable
            There is no such model, or no version of it that can answer.
        """
        session = self._champions.cached(model)
        if session is None:
            session = await asyncio.to_thread(self._champions.get, model)
        if len(body) <= INLINE_BYTES:
            scored = self._scored(session, body, media_type)
        else:
            scored = await asyncio.to_thread(self._scored, session, body, media_type)
        logged = await self._logged(model, scored)
        return scored.answer + (b',"logged":true}' if logged else b',"logged":false}')

    async def _logged(self, model: str, scored: _Scored) -> bool:
        if not self._is_logged:
            return False
        try:
            await self._log.append(model, scored.lines, scored.count)
        except Unavailable:
            return False  # counted and reported by the log
        return True

    def _scored(self, session: ModelSession, body: bytes, media_type: str) -> _Scored:
        started = time.perf_counter_ns()
        reading = Reading(signature=session.signature, key=session.key, max_rows=self._max_rows)
        given = _READERS[media_type](reading, body)
        scores = session.score(given.tensors)
        count = len(given.tensors)
        at_ms = int(self._clock().timestamp() * 1000)
        ids = self._ids.mint(session.model, count, at_ms)
        probabilities = None if scores.probabilities is None else scores.probabilities.tolist()
        answer: dict[str, Any] = {"model": session.model, "version": session.version, "predictions": scores.labels}
        if probabilities is not None:
            answer["probabilities"] = [dict(zip(session.class_names, row, strict=True)) for row in probabilities]
        answer["prediction_ids"] = ids
        text = orjson.dumps(answer)[:-1]
        if not self._is_logged:
            return _Scored(answer=text, lines=b"", count=count)
        records = Predictions(
            model=session.model,
            version=session.version,
            role="champion",
            at_ms=at_ms,
            ids=ids,
            keys=given.keys,
            features=to_records(session.signature, given.tensors),
            labels=scores.labels,
            probabilities=probabilities,
            latency_us=(time.perf_counter_ns() - started) // 1000,
        )
        return _Scored(answer=text, lines=records.lines(), count=count)
