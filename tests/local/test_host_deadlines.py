"""One alarm ends every invocation that runs too long, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from infra.local.host.functions import Function, HttpTrigger
from infra.local.host.invoking import Invoker

Handler = Callable[[str], Awaitable[str]]


def invoker(timeout_s: float | None) -> Invoker:
    return Invoker(folder=Path(), timeout_s=timeout_s, threads=1)


def function(handler: Handler) -> Function:
    trigger = HttpTrigger(route="x", methods=frozenset(), auth_level="anonymous")
    return Function(name="x", handler=handler, is_async=True, parameter="req", wants_context=False, trigger=trigger)


async def at_once(req: str) -> str:
    return req


async def never(req: str) -> str:
    await asyncio.Event().wait()
    return req


async def test_one_alarm_ends_all_that_are_late_and_is_set_anew_for_the_next() -> None:
    host = invoker(0.0)
    for _ in range(2):
        ends = await asyncio.gather(*(host.call(function(never), "a") for _ in range(3)), return_exceptions=True)
        assert [type(end) for end in ends] == [TimeoutError] * 3


async def test_one_that_ended_in_time_leaves_the_alarm_to_the_next() -> None:
    host = invoker(0.001)
    assert await host.call(function(at_once), "a") == "a"
    with pytest.raises(TimeoutError):
        await host.call(function(never), "a")


async def test_one_that_others_cancel_is_cancelled_and_not_late() -> None:
    begun = asyncio.Event()

    async def tells(req: str) -> str:
        begun.set()
        return await never(req)

    task = asyncio.ensure_future(invoker(3600.0).call(function(tells), "a"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_handler_passes_through() -> None:
    async def fails(req: str) -> str:
        raise ValueError(req)

    with pytest.raises(ValueError, match="own"):
        await invoker(3600.0).call(function(fails), "own")


async def test_without_a_limit_nothing_is_late() -> None:
    assert await invoker(None).call(function(at_once), "a") == "a"
