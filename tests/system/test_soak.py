"""The soak in its short form: champions change, storage fails, the host is killed, and every promise is kept."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.serving.soak.rivals import CHAMPIONS, tiny
from tests.benchmarks.serving.soak.soaking import Plan, soak
from tests.support.fault_proxy import WAYS, Faults

SWAPS, ANSWERS = 3, 100


async def test_a_short_soak_breaks_no_promise(tmp_path: Path) -> None:
    faults = Faults(path="/devstoreaccount1/log/", every=7, slow_s=0.02)
    plan = Plan(
        swaps=SWAPS,
        every_s=0.0,
        answers=ANSWERS,
        kill_at=1,
        faults=faults,
        connections=16,
        share=None,
        refresh_s=0.1,
        late_s=None,
    )
    found = await soak(plan, tiny(), tmp_path)
    assert found.broken() == []
    assert len(found.record.acknowledged) >= SWAPS * ANSWERS
    assert all(found.faults[name] > 0 for name in WAYS)
    assert all(found.record.counts[f"version {name}"] > 0 for name in CHAMPIONS)
    assert found.record.counts["cut off"] > 0
    assert len(found.memory) == 2
