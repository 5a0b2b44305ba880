"""From a challenger's first answer to its promotion and back again, over HTTP, with the monitor beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl.monitoring.passes import monitor_pass
from automl.scoring.trial import Trial
from automl.spec import Spec
from tests.functions.conftest import Client
from tests.support.replay import Replay
from tests.support.thresholds import SPEC, publish

MODEL = "steps"


class Life:
    """A model over HTTP, the truth about it, and its monitor."""

    def __init__(self, client: Client) -> None:
        self.client = client
        wanted = {**SPEC, "promotion": {"share": 0.5, "rows": 1_000}, "retrain": {"on_alarm": False}}
        replay = Replay(Spec.from_json(wanted), storage=client.storage, clock=client.clock)
        for version, threshold in (("v1", 0.9), ("v2", 0.5)):
            replay.registry.register(MODEL, publish(replay, version, threshold, error=0.45))
        self.look()

    def look(self) -> None:
        """Let the serving process see the pointer."""
        self.client.serving.champions.get(MODEL)
        self.client.serving.champions.look(MODEL)

    async def live(self, session: str, *, concept: float, seed: int) -> str:
        """Fifty rows of one session, and their truth; the version that answered."""
        self.client.clock.advance(seconds=10)
        values = np.random.default_rng(seed).random(50).tolist()
        body = {"instances": [{"x": value} for value in values]}
        answer = (await self.client("score", body, headers={"x-session-id": session}, model=MODEL)).json
        self.client.clock.advance(seconds=10)
        pairs = zip(answer["prediction_ids"], values, strict=True)
        truths = [{"id": one, "truth": int(value > concept)} for one, value in pairs]
        assert (await self.client("truth", {"truths": truths}, model=MODEL)).json["accepted"] == 50
        return str(answer["version"])

    def watch(self) -> None:
        core = self.client.core
        monitor_pass(core.storage, core.registry, core.runs, core.clock, MODEL, timer_ns=lambda: 0)
        self.look()

    async def monitor(self) -> dict[str, Any]:
        return dict((await self.client("get_monitor", model=MODEL)).json)

    async def kinds(self) -> list[str]:
        return [event["kind"] for event in (await self.client("list_events", model=MODEL)).json["events"]]


@pytest.fixture
def life(call: Client) -> Life:
    return Life(call)


async def test_a_challenger_answers_its_share_wins_on_all_rows_and_goes_again_when_it_is_proved_worse(
    life: Life,
) -> None:
    trial = Trial(model=MODEL, version="v2", share=0.5, cached=lambda: None)
    sessions = {trial.takes(f"s-{number}"): f"s-{number}" for number in range(20)}
    assert await life.live(sessions[True], concept=0.5, seed=1) == "v2"
    assert await life.live(sessions[False], concept=0.5, seed=2) == "v1"
    life.watch()
    arms = (await life.monitor())["comparison"]["arms"]
    assert [(arm["role"], arm["version"], arm["n"]) for arm in arms] == [
        ("champion", "v1", 50),
        ("challenger", "v2", 50),
    ]
    assert arms[0]["value"] < arms[1]["value"] == 1.0

    for seed in (3, 4):
        await life.live(sessions[seed == 3], concept=0.5, seed=seed)
    life.watch()
    assert await life.live(sessions[False], concept=0.9, seed=5) == "v2"
    assert (await life.monitor())["shadow"] is None  # the pass that promotes has not seen the new champion yet

    for seed in range(6, 10):
        assert await life.live(sessions[False], concept=0.9, seed=seed) == "v2"
    life.watch()
    assert await life.live(sessions[True], concept=0.9, seed=11) == "v1"
    kinds = await life.kinds()
    assert [kind for kind in kinds if kind in ("registered", "promoted", "rolled-back")] == [
        "registered",
        "registered",
        "promoted",
        "rolled-back",
    ]
    life.watch()
    assert (await life.monitor())["shadow"]["state"] == "none"
