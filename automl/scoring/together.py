"""Small requests of one moment, scored together.

One call of onnxruntime costs much and one more row in it little (`docs/decisions/030`). Requests that reach the event
loop in the same turn therefore share a call. A turn with a single request scores it at once and waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from automl.scoring.guard import Unfit
from automl.scoring.session import ModelSession, Scores
from automl.tensors import Tensors

ALONE_TURNS = 32
"""After so many turns in a row with a single request, the next ones are scored at once again."""

_Waiting = tuple[Tensors, asyncio.Future[Scores]]


class Together:
    """The small requests on one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[ModelSession, list[_Waiting]] = {}
        self._is_crowded = False
        self._of_this_turn: asyncio.Task[Any] | None = None
        self._alone = 0

    async def score(self, session: ModelSession, tensors: Tensors) -> Scores:
        """Labels and probabilities of rows that the session scores quickly. Raises Unfit."""
        loop = asyncio.get_running_loop()
        if not self._is_crowded:
            # A second request in the same turn of the loop is how a crowd is noticed: one of another task, since a
            # task that asks again has had its answer.
            task = asyncio.current_task(loop)
            if self._of_this_turn is None:
                self._of_this_turn = task
                loop.call_soon(self._end_turn)
            elif self._of_this_turn is not task:
                self._is_crowded = True
            return session.score(tensors)
        if not self._waiting:
            loop.call_soon(self._score_all)  # after all requests of this turn, which are scheduled before it
        future: asyncio.Future[Scores] = loop.create_future()
        self._waiting.setdefault(session, []).append((tensors, future))
        return await future

    def _end_turn(self) -> None:
        self._of_this_turn = None

    def _score_all(self) -> None:
        waiting, self._waiting = self._waiting, {}
        is_alone = sum(map(len, waiting.values())) == 1
        self._alone = self._alone + 1 if is_alone else 0
        if self._alone >= ALONE_TURNS:
            self._is_crowded, self._alone = False, 0
        for session, requests in waiting.items():
            for group in _groups(requests, session.quick_rows):
                _score_group(session, group)


def _groups(requests: list[_Waiting], most_rows: int) -> Iterator[list[_Waiting]]:
    """Requests in order, in groups of at most so many rows: the loop stands still while one is scored."""
    group: list[_Waiting] = []
    rows = 0
    for request in requests:
        if group and rows + len(request[0]) > most_rows:
            yield group
            group, rows = [], 0
        group.append(request)
        rows += len(request[0])
    yield group


def _score_group(session: ModelSession, group: list[_Waiting]) -> None:
    try:
        scores = session.score(Tensors.concat([tensors for tensors, _ in group]))
    except Unfit as error:
        if len(group) == 1:
            _tell(group[0][1], error)
            return
        for request in group:  # whichever of them it was: the others are answered
            _score_group(session, [request])
        return
    start = 0
    for tensors, future in group:
        end = start + len(tensors)
        probabilities = None if scores.probabilities is None else scores.probabilities[start:end]
        _tell(future, Scores(labels=scores.labels[start:end], probabilities=probabilities))
        start = end


def _tell(future: asyncio.Future[Scores], outcome: Scores | Unfit) -> None:
    if future.done():  # its request was cancelled
        return
    if isinstance(outcome, Unfit):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
