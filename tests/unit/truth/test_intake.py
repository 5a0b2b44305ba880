from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl.errors import InvalidInput
from automl.log.ids import Ids
from automl.log.reader import new_lines
from automl.log.writer import AppendLog
from automl.registry import Registry
from automl.scoring.champions import Champions
from automl.settings import Settings
from automl.truth.intake import Intake
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import publish

IDS = Ids(bytes(32))
ID = IDS.mint("adult", 1, 1_795_190_400_000)[0]


class Room:
    """An intake over storage in memory."""

    def __init__(self) -> None:
        self.storage, clock, chosen = MemoryStorage(), FixedClock(), Settings(champion_refresh_s=3600)
        registry = Registry(self.storage, clock)
        publish(registry, "v1")
        self.champions = Champions(registry, chosen, clock)
        log = AppendLog(self.storage, clock, chosen, "truth")
        self.intake = Intake(champions=self.champions, ids=IDS, log=log, settings=chosen, clock=clock)

    def lines(self) -> list[bytes]:
        return [line for _, _, lines in new_lines(self.storage, "adult", "truth", {}) for line in lines]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    made.champions.close()


cells = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([ID, ">50K", "<=50K", "order-7", "2026-11-20T16:00:00Z", "9999-12-31", "\0"])
    | st.text(max_size=5)
    | st.lists(st.none(), max_size=1)
)
items = st.dictionaries(st.sampled_from(["id", "key", "truth", "at", "more"]), cells) | cells
good = st.fixed_dictionaries({"id": st.just(ID), "truth": st.sampled_from([">50K", "<=50K"])})


@given(truths=st.lists(items | good, min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_truth_is_either_in_the_log_or_refused_by_its_index(room: Room, truths: list[Any]) -> None:
    before = len(room.lines())
    receipt = await room.intake.receive("adult", orjson.dumps({"truths": truths}))
    refused = [item["index"] for item in receipt.refused]
    assert refused == sorted(set(refused))
    assert receipt.accepted + len(refused) == len(truths)
    lines = room.lines()[before:]
    assert len(lines) == receipt.accepted
    for line in lines:
        record = orjson.loads(line)
        assert record["truth"] in (">50K", "<=50K")
        assert ("id" in record) is not ("key" in record)


@given(body=st.binary(max_size=40) | items.map(orjson.dumps))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_body_is_more_than_invalid(room: Room, body: bytes) -> None:
    with suppress(InvalidInput):
        receipt = await room.intake.receive("adult", body)
        assert receipt.accepted + len(receipt.refused) >= 1


async def test_a_source_is_kept_with_each_of_its_truths_unless_one_names_its_own(room: Room) -> None:
    own = {"id": ID, "truth": ">50K", "source": "erp"}
    body = {"source": "crm", "truths": [{"id": ID, "truth": ">50K"}, own]}
    assert (await room.intake.receive("adult", orjson.dumps(body))).accepted == 2
    await room.intake.receive("adult", orjson.dumps(own))
    await room.intake.receive("adult", orjson.dumps({"id": ID, "truth": ">50K"}))
    assert [orjson.loads(line).get("source") for line in room.lines()] == ["crm", "erp", "erp", None]


@pytest.mark.parametrize("source", ["", "a b", "*", 3, "x" * 65])
async def test_a_source_that_is_no_name_is_refused(room: Room, source: Any) -> None:
    truth = {"id": ID, "truth": ">50K"}
    with pytest.raises(InvalidInput, match="Field 'source': expected a name of letters"):
        await room.intake.receive("adult", orjson.dumps({"truths": [truth], "source": source}))
    receipt = await room.intake.receive("adult", orjson.dumps({"truths": [truth | {"source": source}, truth]}))
    assert (receipt.accepted, receipt.refused[0]["index"]) == (1, 0)
    assert "as the source" in receipt.refused[0]["reason"]
