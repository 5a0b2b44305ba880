"""The whole loop on a clock that stands still: train, score, truth, alarm, retraining, verdict, promotion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl import events
from automl.monitoring import state as states
from automl.spec import Spec
from tests.support.generated import as_csv, loans
from tests.support.replay import Outcome, Replay, replay_stream

SPEC = {
    "name": "loans",
    "target": "paid",
    "search": {"time_budget": 30, "max_iter": 3, "estimator_list": ["lgbm"]},
    "promotion": {"alarm_rows": 500},
    "retrain": {"hold_back": 300, "min_new_labels": 600},
}
LATE = 50


def without_truth(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "paid"} for row in rows]


def replayed(replay: Replay, rows: list[dict[str, Any]]) -> Outcome:
    truths = [row["paid"] for row in rows]
    return replay_stream(replay, without_truth(rows), truths, late=LATE, step=100, minutes_a_step=7)


@pytest.fixture(scope="module")
def story() -> tuple[Replay, Outcome, Outcome]:
    """A model trained on one world, 1,000 rows of that world, then 3,000 of its opposite."""
    replay = Replay(Spec.from_json(SPEC))
    assert replay.upload_and_train(as_csv(loans(2_000))).status == "registered"
    same = replayed(replay, loans(1_000, seed=1))
    changed = replayed(replay, loans(3_000, seed=2, reversed_concept=True))
    return replay, same, changed


def test_while_the_world_stays_the_same_nothing_happens(story: tuple[Replay, Outcome, Outcome]) -> None:
    _, same, _ = story
    assert np.mean(same.right) > 0.75
    assert same.decisions == []


def test_when_the_world_changes_the_model_replaces_itself(story: tuple[Replay, Outcome, Outcome]) -> None:
    replay, _, changed = story
    assert np.mean(changed.right[:500]) < 0.3
    assert np.mean(changed.right[-500:]) > 0.75
    assert changed.promoted >= 1
    assert replay.registry.pointer("loans").champion != replay.registry.versions("loans")[-1]


def test_the_events_tell_it_in_order_and_in_sentences(story: tuple[Replay, Outcome, Outcome]) -> None:
    replay, _, _ = story
    told = events.history(replay.storage, "loans")
    kinds = [event.kind for event in told]
    assert kinds[:2] == ["registered", "alarm"]
    expected = ["registered", "alarm", "retraining", "registered", "comparison", "promoted"]
    at = -1
    for kind in expected:
        at = kinds.index(kind, at + 1)
    assert all(event.text.endswith(".") and len(event.text.split()) > 5 for event in told)


def test_a_retrained_version_was_judged_on_rows_newer_than_it_learnt_from(
    story: tuple[Replay, Outcome, Outcome],
) -> None:
    replay, _, _ = story
    promoted = next(event for event in events.history(replay.storage, "loans") if event.kind == "promoted")
    assert promoted.pointer is not None
    manifest = replay.registry.manifest("loans", str(promoted.pointer["champion"]))
    assert manifest["labelled"]["held_rows"] >= 300
    judged_from = promoted.evidence["since_ms"]
    assert judged_from / 1000 > replay.clock().fromisoformat(manifest["trained_until"]).timestamp()


def test_every_prediction_was_made_by_the_champion_of_its_time(story: tuple[Replay, Outcome, Outcome]) -> None:
    replay, _, _ = story
    for event in events.history(replay.storage, "loans"):
        if event.kind == "promoted" and event.pointer:
            assert replay.registry.champion_at("loans", event.at) == event.pointer["champion"]


def test_the_monitor_knows_how_good_each_version_was(story: tuple[Replay, Outcome, Outcome]) -> None:
    replay, same, changed = story
    state = states.load(replay.storage, "loans")
    labelled = len(same.right) + len(changed.right) - 2 * LATE
    assert state.labelled == labelled
    rows = [item for item in state.report["performance"] if item["window"] == "all"]
    assert sum(item["n"] for item in rows) == labelled
    right = sum(item["n"] * item["accuracy"] for item in rows)
    assert right == pytest.approx(sum(same.right[:-LATE]) + sum(changed.right[:-LATE]))


def rounded(told: Any) -> Any:
    """The same with every float to nine digits."""
    if isinstance(told, dict):
        return {name: rounded(value) for name, value in told.items()}
    if isinstance(told, list):
        return [rounded(value) for value in told]
    return float(f"{told:.9g}") if isinstance(told, float) else told


def test_a_lost_state_comes_back_with_the_same_numbers(story: tuple[Replay, Outcome, Outcome]) -> None:
    replay, _, _ = story
    replay.watch()
    before = states.show(replay.storage, "loans")
    replay.storage.delete("control", "loans/monitor.json")
    replay.watch()
    after = states.show(replay.storage, "loans")
    for told in (before, after):
        told["report"].pop("last_pass")
        told.pop("outbox")
    assert rounded(after) == rounded(before)  # sums that were added in another order differ in their last bits


def prices(rows: int, *, seed: int, slope: float) -> list[dict[str, Any]]:
    """Homes whose price follows their size, with heavy-tailed noise."""
    rng = np.random.default_rng(seed)
    size, rooms = rng.uniform(30, 200, rows), rng.integers(1, 7, rows)
    price = slope * size + 5 * rooms + 4 * rng.standard_t(3, rows)
    return [{"size": float(size[row]), "rooms": float(rooms[row]), "price": float(price[row])} for row in range(rows)]


def test_a_regression_replaces_itself_on_its_clipped_errors() -> None:
    spec = {**SPEC, "name": "prices", "target": "price", "task": "regression"}
    replay = Replay(Spec.from_json(spec))
    replay.upload_and_train(as_csv(prices(2_000, seed=0, slope=2.0)))

    def live(seed: int, slope: float) -> Outcome:
        rows = prices(1_500, seed=seed, slope=slope)
        features = [{"size": row["size"], "rooms": row["rooms"]} for row in rows]
        return replay_stream(replay, features, [row["price"] for row in rows], late=LATE, step=100, minutes_a_step=7)

    assert live(1, 2.0).decisions == []
    told = " ".join(live(2, 2.6).decisions)
    assert "mean clipped absolute error (0 to 1) of the last" in told
    assert "the challenger's mean clipped absolute error (0 to 1) is -" in told
    shown = states.show(replay.storage, "prices")
    assert {"mae", "rmse"} <= shown["report"]["performance"][0].keys()
    assert len(replay.registry.versions("prices")) >= 2
    assert replay.registry.pointer("prices").champion != replay.registry.versions("prices")[-1]
