"""What the soak judges by: reigns, growth, and faults that come when they should."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.benchmarks.serving.soak.growth import grown
from tests.benchmarks.serving.soak.reigns import Reigns
from tests.support.fault_proxy import Faults, fault_proxy


@pytest.fixture
def reigns() -> Reigns:
    made = Reigns("first", late_s=2.0)
    made.promoted("second", 10.0, 11.0)
    made.promoted("first", 20.0, 21.0)
    return made


@pytest.mark.parametrize(
    ("version", "sent", "received", "could"),
    [
        ("first", 5.0, 5.1, True),
        ("second", 5.0, 5.1, False),  # before its promotion was begun
        ("second", 9.9, 10.1, True),  # begun while the request was under way
        ("first", 12.9, 12.95, True),  # no longer champion, and the instance need not have looked yet
        ("first", 13.1, 13.2, False),
        ("second", 22.9, 23.5, True),
        ("second", 23.1, 23.5, False),
        ("first", 30.0, 30.1, True),
        ("never", 12.0, 12.1, False),
    ],
)
def test_only_a_champion_of_the_time_could_answer(
    reigns: Reigns, version: str, sent: float, received: float, could: bool
) -> None:
    assert reigns.could_answer(version, sent, received) is could
    assert reigns.champion == "first"


def test_without_a_limit_old_champions_may_answer_for_ever_but_none_may_before_its_time() -> None:
    reigns = Reigns("first", late_s=None)
    reigns.promoted("second", 10.0, 11.0)
    assert reigns.could_answer("first", 99.0, 99.1)
    assert not reigns.could_answer("second", 9.0, 9.1)


def test_growth_is_what_the_later_half_gained() -> None:
    assert grown([(0.0, 10.0), (1.0, 90.0), (3600.0, 100.0), (7200.0, 103.0)]) == 3.0
    assert grown([(0.0, 10.0), (1.0, 90.0)]) == 0.0


async def test_proxy_hurts_each_second_call_of_the_path_in_three_ways_by_turns() -> None:
    heard: list[bytes] = []

    async def storage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            assert await reader.readexactly(5) == b"xxxxx"
            heard.append(head.split(b" ")[1])
            writer.write(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")

    faults = Faults(path="/log/", every=2, slow_s=0.0)
    server = await asyncio.start_server(storage, "127.0.0.1", 0)
    async with (
        server,
        fault_proxy(int(server.sockets[0].getsockname()[1]), faults) as port,
        httpx.AsyncClient() as to,
    ):
        answers: list[int | str] = []
        for path in ("/models/a", "/log/1", "/log/2", "/log/3", "/log/4", "/log/5", "/log/6", "/models/b"):
            try:
                answer = await to.put(f"http://127.0.0.1:{port}{path}", content=b"x" * 5)
                answers.append(answer.status_code)
            except httpx.RemoteProtocolError:
                answers.append("cut off")
    assert answers == [201, 201, 503, 201, "cut off", 201, 201, 201]
    assert heard == [b"/models/a", b"/log/1", b"/log/3", b"/log/4", b"/log/5", b"/log/6", b"/models/b"]
    assert faults.done == {"refused": 1, "lost": 1, "slow": 1}
