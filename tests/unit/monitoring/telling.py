"""A model whose predictions and truths the test knows, as the log holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from automl.monitoring import state as states
from automl.parsing import parse_records
from automl.spec import Spec
from tests.support.replay import Replay, append
from tests.unit.monitoring.drifting import add_version, as_logged, records, trained


@dataclass
class Told:
    """A model with its predictions and the truths told, as the test knows them."""

    replay: Replay
    ids: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    truths: list[str] = field(default_factory=list)

    def predict(self, count: int, *, seed: int, **rows: Any) -> None:
        now_ms = round(self.replay.clock().timestamp() * 1000)
        logged = as_logged(trained()[0], parse_records(trained()[0], records(count, seed=seed, **rows)))
        ids = self.replay.ids.mint(self.replay.model, count, now_ms)
        champion = self.replay.registry.pointer(self.replay.model).champion
        lines = [
            {"id": one, **record, "version": champion, "at": now_ms} for one, record in zip(ids, logged, strict=True)
        ]
        append(
            self.replay.storage, self.replay.model, "predictions", self.replay.clock(), [*map(orjson.dumps, lines)]
        )
        self.ids += ids
        self.rows += lines

    def tell(self, count: int, *, seed: int, right: float = 0.8) -> None:
        """The truth of the next predictions, wrong now and then."""
        rng = np.random.default_rng(seed)
        start = len(self.truths)
        for row in self.rows[start : start + count]:
            is_right = rng.random() < right
            self.truths.append(row["prediction"] if is_right else "<=50K" if row["prediction"] == ">50K" else ">50K")
        self.replay.tell(list(zip(self.ids[start:], self.truths[start:], strict=False)))

    def report(self) -> dict[str, Any]:
        """What the last pass told."""
        return states.load(self.replay.storage, self.replay.model).report

    def metrics(self, *, window: str = "all", slice_: str = "all", version: str = "v1") -> dict[str, dict[str, Any]]:
        rows = self.report()["metrics"]
        wanted = (version, slice_, window)
        return {row["metric"]: row for row in rows if (row["version"], row["slice"], row["window"]) == wanted}


def begun(calibrated: float | None = None, **monitor: Any) -> Told:
    spec = {
        "name": "adult",
        "target": "income",
        "task": "classification",
        "monitor": monitor,
        "retrain": {"on_alarm": False},
    }
    replay = Replay(Spec.from_json(spec))
    add_version(replay, "v1", calibrated=calibrated)
    return Told(replay)
