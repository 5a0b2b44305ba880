"""Small requests of one moment share a call of onnxruntime, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from automl.scoring.guard import Unfit
from automl.scoring.session import ModelSession, Scores
from automl.scoring.together import ALONE_TURNS, Together
from automl.signature import Signature
from automl.tensors import Tensors
from tests.support.models import CLASSIFIER, REGRESSOR, ROW, graph

POISON = 666


class Counting(ModelSession):
    """A session that notes how many rows each of its calls had, and fails on a poisonous row."""

    def __init__(self, signature: Signature = CLASSIFIER) -> None:
        super().__init__("adult", "v1", graph(signature), signature)
        self.quick_rows = 100
        self.calls: list[int] = []

    def score(self, tensors: Tensors) -> Scores:
        self.calls.append(len(tensors))
        if (tensors.num[:, 0] == POISON).any():
            raise Unfit("the graph fails on this row")
        return super().score(tensors)


def rows(session: ModelSession, *ages: float) -> Tensors:
    return session.parser.records([{**ROW, "age": age} for age in ages])


async def crowded(together: Together, session: Counting) -> None:
    """Let it notice a crowd: of two requests in one turn, both are scored at once."""
    await asyncio.gather(*(together.score(session, rows(session, 40)) for _ in range(2)))
    assert session.calls == [1, 1]
    session.calls.clear()


@pytest.mark.parametrize("signature", [CLASSIFIER, REGRESSOR])
async def test_requests_of_one_turn_share_a_call_and_each_gets_its_own_answer(signature: Signature) -> None:
    session, together = Counting(signature), Together()
    await crowded(together, session)
    asked = [rows(session, 30), rows(session, 41, 52), rows(session, 63)]
    answers = await asyncio.gather(*(together.score(session, each) for each in asked))
    assert session.calls == [4]
    for tensors, answer in zip(asked, answers, strict=True):
        alone = ModelSession.score(session, tensors)
        assert answer.labels == (alone.labels if signature.classes else pytest.approx(alone.labels))
        if alone.probabilities is not None:
            assert answer.probabilities is not None
            assert answer.probabilities == pytest.approx(alone.probabilities, rel=1e-14)


async def test_a_request_alone_waits_for_no_other() -> None:
    session, together = Counting(), Together()
    for _ in range(3):
        coroutine = together.score(session, rows(session, 40))
        with pytest.raises(StopIteration):  # it ends in its first step: nothing was awaited
            coroutine.send(None)
        await asyncio.sleep(0)
    assert session.calls == [1, 1, 1]


async def test_one_task_is_no_crowd_however_often_it_asks_in_one_turn() -> None:
    session, together = Counting(), Together()

    async def ask() -> None:
        for _ in range(3):
            await together.score(session, rows(session, 40))

    with pytest.raises(StopIteration):  # nothing was awaited, as in a crowd it would be
        ask().send(None)


async def test_after_enough_turns_alone_requests_are_scored_at_once_again() -> None:
    session, together = Counting(), Together()
    await crowded(together, session)
    for _ in range(ALONE_TURNS):
        await together.score(session, rows(session, 40))
    coroutine = together.score(session, rows(session, 40))
    with pytest.raises(StopIteration):
        coroutine.send(None)


async def test_a_request_that_the_graph_fails_on_fails_alone() -> None:
    session, together = Counting(), Together()
    await crowded(together, session)
    asked = [together.score(session, rows(session, age)) for age in (30, POISON, 50)]
    outcomes: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Scores, Unfit, Scores]


async def test_a_request_that_was_given_up_takes_no_other_with_it() -> None:
    session, together = Counting(), Together()
    await crowded(together, session)
    tasks = [asyncio.create_task(together.score(session, rows(session, age))) for age in (20, 30)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert (await tasks[1]).labels == ["<=50K"]
    assert tasks[0].cancelled()


async def test_one_call_takes_no_more_rows_than_are_quick_and_each_model_its_own() -> None:
    session, other, together = Counting(), Counting(REGRESSOR), Together()
    await crowded(together, session)
    session.quick_rows = 3
    asked = [together.score(session, rows(session, *ages)) for ages in ((30, 31), (40, 41), (50,), (60, 61, 62))]
    await asyncio.gather(*asked, together.score(other, rows(other, 70)))
    assert session.calls == [2, 3, 3]
    assert other.calls == [1]
