"""Scoring requests: from rows to an answer, and its records in the log, whatever protocol they came by.

A protocol is two functions: `read` makes rows of a request, `write` makes the response of an `Answer`. Small requests
are read, scored and written on the event loop; those that would hold it up go to a thread.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from automl.errors import EvergreenError, InvalidInput, Problem, Unavailable
from automl.events import Clock
from automl.log.ids import Ids
from automl.log.predictions import Lines, Predictions, lines_of
from automl.log.writer import AppendLog
from automl.scoring.champions import Champions
from automl.scoring.reading import Limits, Reading, Rows
from automl.scoring.session import ModelSession, Scores
from automl.scoring.together import Together
from automl.scoring.trial import Trial
from automl.settings import Settings
from automl.telemetry.meter import Meter
from automl.telemetry.metrics import SCORE_DECLINED, SCORE_DURATION, SCORE_ERRORS, SCORE_ROWS

INLINE_BYTES = 8 * 1024
"""A longer body takes more than about a millisecond and is scored in a thread, so that short ones need not wait."""

Read = Callable[[Reading], Rows]
"""Rows of a request, given how bodies of the model are read."""

Response = TypeVar("Response")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request was answered.

    Parameters
    ----------
    ids
        Prediction ids, one a row.
    logged
        Whether the records are in the log (for an `async` log: on their way to it).
    """

    session: ModelSession
    scores: Scores
    ids: list[str]
    logged: bool


class _Scored(NamedTuple):
    """An answer but for whether it was logged, and what the log is to say: nothing where it is not to be logged."""

    scores: Scores
    ids: list[str]
    lines: Lines | None


class Scoring:
    """Scores requests with the champions and logs what they answered.

    Parameters
    ----------
    log
        The log of predictions.
    settings
        `log` (`off` writes nothing), `log_sample`, and the limits of a request.
    chance
        Gives numbers from 0 to 1, by which requests without a name are shared out.
    """

    def __init__(
        self,
        *,
        champions: Champions,
        ids: Ids,
        log: AppendLog,
        settings: Settings,
        clock: Clock,
        meter: Meter,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._champions = champions
        self._ids = ids
        self._log = log
        self._sample = settings.log_sample if settings.log != "off" else 0.0
        self._limits = Limits(
            rows=settings.max_rows, columns=settings.max_columns, text_chars=settings.max_text_chars
        )
        self._clock = clock
        self._meter = meter
        self._chance = chance
        self._together = Together()

    async def answer(
        self,
        model: str,
        read: Read,
        write: Callable[[Answer], Response],
        *,
        size: int,
        version: str | None = None,
        named: Callable[[], str | None] = lambda: None,
    ) -> Response:
        """The response to one request.

        Where storage fails, the score is answered all the same, with `logged` false.

        Parameters
        ----------
        read, write
            The protocol. Neither may touch the event loop: they are called in a thread for a large request.
        size
            Bytes of the request's body.
        version
            The version that is to answer; the champion where none is named, or for a share of the requests its
            challenger (`trial`).
        named
            Gives the name that the request has where its rows have no key: the same name has the same version answer.

        Raises
        ------
        InvalidInput, TooLarge
            The body is not rows of this model.
        NotFound, Unavailable
            There is no such model or version, or none that can answer.
        """
        started = time.perf_counter_ns()
        try:
            session = self._champions.cached(model, version)
            if session is None:
                session = await self._champions.found(model, version)
            if version is not None or (trial := session.trial) is None:
                scored = await self._score(session, read, size)
            else:
                session, scored = await self._tried(session, trial, read, size, named)
            logged = scored.lines is not None and await self._is_logged(session.model, scored.lines, len(scored.ids))
            answer = Answer(session=session, scores=scored.scores, ids=scored.ids, logged=logged)
            response = write(answer) if size <= INLINE_BYTES else await asyncio.to_thread(write, answer)
        except Exception as error:
            self._meter.add(SCORE_ERRORS, 1, getattr(error, "code", EvergreenError.code))
            raise
        self._meter.observe(SCORE_DURATION, (time.perf_counter_ns() - started) / 1e6, session.model)
        self._meter.add(SCORE_ROWS, len(scored.ids), session.model)
        return response

    async def _tried(
        self, champion: ModelSession, trial: Trial, read: Read, size: int, named: Callable[[], str | None]
    ) -> tuple[ModelSession, _Scored]:
        """Who answers while a challenger takes a share, and the answer. What the challenger cannot answer, the
        champion does.
        """
        keys: Sequence[str | None] | None = None
        if champion.key is not None:
            reading = champion.reading(self._limits)
            keys = (read(reading) if size <= INLINE_BYTES else await asyncio.to_thread(read, reading)).keys
        challenger = trial.chosen(keys, named, self._chance)
        if challenger is None:
            return champion, await self._score(champion, read, size)
        try:
            return challenger, await self._score(challenger, read, size)
        except EvergreenError:
            scored = await self._score(champion, read, size)  # raises what is wrong with the request, if that is
        self._meter.add(SCORE_DECLINED, 1, trial.model)
        return champion, scored

    async def _score(self, session: ModelSession, read: Read, size: int) -> _Scored:
        """Read and score here, or in a thread where it would take longer than about a millisecond."""
        begin = time.perf_counter_ns()
        if size > INLINE_BYTES:
            return await asyncio.to_thread(self._read_and_scored, session, read, begin)
        given = read(session.reading(self._limits))
        if len(given.tensors) > session.quick_rows:
            return await asyncio.to_thread(self._scored, session, given, begin)
        scores = await self._together.score(session, given.tensors)
        return self._recorded(session, given, scores, begin)

    def _read_and_scored(self, session: ModelSession, read: Read, begin: int) -> _Scored:
        return self._scored(session, read(session.reading(self._limits)), begin)

    def _scored(self, session: ModelSession, given: Rows, begin: int) -> _Scored:
        """Score here, in a thread, and write the lines here, too: they may be many."""
        scored = self._recorded(session, given, session.score(given.tensors), begin)
        return scored._replace(lines=lines_of([scored.lines])) if isinstance(scored.lines, Predictions) else scored

    def _recorded(self, session: ModelSession, given: Rows, scores: Scores, begin: int) -> _Scored:
        """Ids and predictions of scored rows; `begin` is when reading them began, as `perf_counter_ns` has it."""
        if rows := scores.unanswered():
            raise _unanswered(rows)
        at_ms = int(self._clock().timestamp() * 1000)
        ids = self._ids.mint(session.model, len(given.tensors), at_ms)
        if not self._is_sampled(ids[0]):
            return _Scored(scores=scores, ids=ids, lines=None)
        predictions = Predictions(
            recorder=session.recorder,
            signature=session.signature,
            tensors=given.tensors,
            at_ms=at_ms,
            ids=ids,
            keys=given.keys,
            labels=scores.labels,
            probabilities=scores.probabilities,
            latency_us=(time.perf_counter_ns() - begin) // 1000,
        )
        return _Scored(scores=scores, ids=ids, lines=predictions)

    async def _is_logged(self, model: str, lines: Lines, records: int) -> bool:
        try:
            if (stored := self._log.put(model, lines, records)) is not None:
                await stored
        except Unavailable:
            return False  # counted and reported by the log
        return True

    def _is_sampled(self, prediction_id: str) -> bool:
        """Whether a request is logged, by chance: the end of its first id is a hash."""
        sample = self._sample
        return sample == 1 or (sample > 0 and int(prediction_id[-6:], 16) < sample * 2**24)


def _unanswered(rows: list[int]) -> InvalidInput:
    expected, got = "values that the model can answer with a finite number", "numbers too large for it"
    remedy = "Send numbers nearer to those that the model was trained with."
    return InvalidInput.of(
        [Problem(field="body", row=row, expected=expected, got=got, remedy=remedy) for row in rows]
    )
