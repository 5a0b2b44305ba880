"""One alarm ends every invocation that runs too long, and no other."""

from __future__ import annotations

import asyncio

import pytest

from infra.local.host.deadlines import Deadlines


async def for_ever(deadlines: Deadlines, begun: asyncio.Event | None = None) -> None:
    with deadlines:
        if begun is not None:
            begun.set()
        await asyncio.Event().wait()


async def test_what_runs_too_long_ends_with_a_timeout_error() -> None:
    with pytest.raises(TimeoutError):
        await for_ever(Deadlines(0.0))


async def test_one_alarm_ends_all_that_are_late() -> None:
    deadlines = Deadlines(0.0)
    for _ in range(2):  # it is set anew once all are gone
        ends = await asyncio.gather(*(for_ever(deadlines) for _ in range(3)), return_exceptions=True)
        assert [type(end) for end in ends] == [TimeoutError] * 3


async def test_a_later_one_is_ended_after_an_earlier_one_has_ended_by_itself() -> None:
    deadlines = Deadlines(0.001)
    with deadlines:
        pass
    with pytest.raises(TimeoutError):
        await for_ever(deadlines)


async def test_one_that_is_cancelled_by_others_is_cancelled_and_not_late() -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(for_ever(Deadlines(3600.0), begun))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_without_a_limit_no_task_is_watched() -> None:
    with Deadlines(None):
        await asyncio.sleep(0)


async def test_an_error_of_the_invocation_passes_through() -> None:
    with pytest.raises(ValueError, match="own"), Deadlines(3600.0):
        raise ValueError("own")
