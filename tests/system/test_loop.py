"""The loop closes by itself: a model goes bad, is noticed, retrained, judged and replaced, over sockets alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.generated import as_csv, loans
from tests.support.system import System, system

MODEL = "loans"
SPEC = {"name": MODEL, "target": "paid", "search": {"time_budget": 5, "max_iter": 5, "estimator_list": ["lgbm"]}}
BATCH = 250


def live(running: System, rows: list[dict[str, Any]]) -> float:
    """Score rows, send their truth, and give the accuracy of the answers."""
    right = 0
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        answer = running.ask("POST", f"/models/{MODEL}/score", json={"dataframe_records": batch})
        right += sum(said == row["paid"] for said, row in zip(answer["predictions"], batch, strict=True))
        truths = [
            {"id": identity, "truth": row["paid"]}
            for identity, row in zip(answer["prediction_ids"], batch, strict=True)
        ]
        sent = running.ask("POST", f"/models/{MODEL}/truth", json={"truths": truths})
        assert sent == {"accepted": len(batch), "refused": []}
    return right / len(rows)


def kinds(running: System) -> list[str]:
    return [event["kind"] for event in running.ask("GET", f"/models/{MODEL}/events")["events"]]


def test_a_model_that_goes_bad_replaces_itself(tmp_path: Path) -> None:
    with system(tmp_path) as running:
        run = running.train(SPEC, as_csv(loans(2500)))
        assert run["status"] == "registered", run["message"]
        first = running.ask("GET", f"/models/{MODEL}/champion")["champion"]

        good = live(running, loans(1000, seed=1))
        running.wait("the monitor to have seen the labels", lambda: running.labelled(MODEL) == 1000)
        assert "alarm" not in kinds(running)

        bad = live(running, loans(2500, seed=2, reversed_concept=True))
        assert bad < good - 0.3
        running.wait("an alarm", lambda: "alarm" in kinds(running))
        running.wait("a promotion", lambda: "promoted" in kinds(running))
        second = running.ask("GET", f"/models/{MODEL}/champion")
        assert second["previous"] == first != second["champion"]
        runs = running.ask("GET", f"/models/{MODEL}/runs")["runs"]
        assert [each["cause"]["kind"] for each in runs] == ["accuracy", "request"]

        def restored() -> bool:
            return live(running, loans(500, seed=3, reversed_concept=True)) > good - 0.05

        running.wait("every instance to serve the new champion", restored)
