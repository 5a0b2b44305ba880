"""Drift is told when it is there, once at its beginning and once at its end, and decides nothing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from automl import events
from automl.log.reader import hour_of
from automl.monitoring import drift
from automl.monitoring import state as states
from automl.monitoring.drift_measure import measure
from automl.monitoring.drift_quality import oddities
from automl.monitoring.drift_reference import References
from automl.monitoring.histograms import Tally
from automl.parsing import parse_records
from automl.storage import CONTROL
from tests.support.replay import Replay, append
from tests.unit.monitoring.drifting import add_version, as_logged, begun, records, reference, trained


def predict(replay: Replay, rows: list[dict[str, Any]], *, without: tuple[str, ...] = ()) -> None:
    """Log rows as the champion's, an hour later than the last, and let the monitor look."""
    replay.clock.advance(hours=1)
    champion = replay.registry.pointer(replay.model).champion
    logged = as_logged(trained()[0], parse_records(trained()[0], rows))
    now_ms = round(replay.clock().timestamp() * 1000)
    for record, one in zip(logged, replay.ids.mint(replay.model, len(logged), now_ms), strict=True):
        record |= {"id": one, "version": champion, "at": now_ms}
        for name in without:
            del record["features"][name]
    append(replay.storage, replay.model, "predictions", replay.clock(), [orjson.dumps(record) for record in logged])
    replay.watch()


def seen(replay: Replay) -> states.State:
    return states.load(replay.storage, replay.model)


def report(replay: Replay) -> dict[str, Any]:
    found: dict[str, Any] = seen(replay).report["drift"]
    return found


def kinds(replay: Replay) -> list[str]:
    return [event.kind for event in events.history(replay.storage, replay.model)]


def shift(replay: Replay, name: str) -> dict[str, Any]:
    told = report(replay)
    return next(one for one in [*told["features"], *told["answers"]] if one["column"] == name)


def test_rows_like_those_of_training_are_no_drift() -> None:
    replay = begun()
    predict(replay, records(2_000, seed=5))
    told = report(replay)
    assert not told["on"]
    assert told["share"] == 0
    assert told["oddities"] == []
    assert "look like what it was trained on" in told["text"]
    assert {one["verdict"] for one in told["features"] + told["answers"]} == {"stable"}
    assert shift(replay, "age")["ks"] < 2 * shift(replay, "age")["ks_noise"]
    assert kinds(replay) == ["registered"]


def test_drift_is_an_event_when_it_begins_and_when_it_ends_and_not_in_between() -> None:
    replay = begun()
    predict(replay, records(1_500, seed=1))
    for hour in range(3):
        predict(replay, records(1_500, seed=10 + hour, age=48))
    assert drift.is_on(seen(replay))
    assert kinds(replay) == ["registered", "drift"]
    event = events.history(replay.storage, replay.model)[-1]
    assert "age (PSI" in event.text
    assert "70%" in event.text
    assert "Its accuracy may be as it was." in event.text
    assert {"age", "since"} <= set(event.evidence["columns"])
    for day in range(3):
        replay.clock.advance(hours=11)
        predict(replay, records(9_000, seed=20 + day))
    assert not drift.is_on(seen(replay))
    assert kinds(replay) == ["registered", "drift", "drift-ended"]


def test_drift_asks_for_no_run() -> None:
    replay = begun()
    predict(replay, records(2_000, seed=1, age=60, baker=0.9))
    assert drift.is_on(seen(replay))
    assert replay.runs.find(replay.model) == []
    assert seen(replay).alarm is None


def test_a_column_that_the_model_owes_nothing_to_may_drift_without_it_being_drift_of_the_whole() -> None:
    replay = begun(importance={"age": 0.9, "job": 0.1, "since": 0.0, "member": 0.0})
    rows = records(2_000, seed=1)
    predict(replay, [row | {"member": place % 10 == 0} for place, row in enumerate(rows)])
    assert shift(replay, "member")["verdict"] == "drifted"
    assert not report(replay)["on"]
    assert "too little to call it drift" in report(replay)["text"]


def test_answers_that_drift_are_drift_whatever_the_columns_say() -> None:
    replay = begun(importance={"age": 0.05, "job": 0.05, "since": 0.0, "member": 0.9})
    predict(replay, records(2_000, seed=1, age=60))
    assert report(replay)["share"] < drift.SHARE
    assert shift(replay, "score")["verdict"] == "drifted"
    assert report(replay)["on"]


def test_a_few_rows_are_too_little_to_judge() -> None:
    replay = begun()
    predict(replay, records(30, seed=1))
    assert {one["verdict"] for one in report(replay)["features"] if one["column"] in ("age", "since")} == {
        "too little to judge"
    }
    assert not report(replay)["on"]


def test_a_drifted_column_is_kept_until_it_is_well_below_its_threshold() -> None:
    tally = Tally.empty(reference())
    column = reference().features[0]
    counts = column.reference[: column.bins] * [10, 10, 10, 10, 10, 10, 10, 14, 20, 26]
    tally.slots[: column.bins], tally.rows = counts, int(counts.sum())
    fresh, kept = measure(reference(), tally)[0], measure(reference(), tally, ["age"])[0]
    assert fresh.psi is not None
    assert 0.1 < fresh.psi < 0.2
    assert (fresh.verdict, kept.verdict) == ("stable", "drifted")


def test_a_lost_state_is_counted_again_and_tells_of_no_drift_twice() -> None:
    replay = begun()
    predict(replay, records(1_500, seed=1))
    predict(replay, records(1_500, seed=2, age=55, job=None))
    before = seen(replay)
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    replay.clock.advance(minutes=5)
    replay.watch()
    after = seen(replay)
    assert after.histograms == before.histograms
    assert after.drift == before.drift
    assert kinds(replay) == ["registered", "drift", "data-quality"]


def test_another_champion_is_looked_at_anew() -> None:
    replay = begun()
    predict(replay, records(1_500, seed=1, age=60))
    assert drift.is_on(seen(replay))
    add_version(replay, "v2")
    replay.registry.promote(replay.model, "v2", "For the test.")
    replay.watch()
    assert not drift.is_on(seen(replay))
    assert report(replay)["text"] == "No prediction of champion v2 has been counted yet."
    predict(replay, records(1_500, seed=2))
    assert report(replay)["version"] == "v2"
    assert not report(replay)["on"]


def test_a_champion_without_a_baseline_of_its_columns_says_so() -> None:
    from tests.support.thresholds import begun as bare
    from tests.support.thresholds import told

    replay = bare()
    told(replay, 100, concept=0.5, seed=1)
    replay.watch()
    assert report(replay) == {
        "on": False,
        "text": "Version v1 has no baseline of its columns: drift cannot be told.",
    }


@pytest.mark.parametrize(
    ("change", "without", "kind", "words"),
    [
        ({"age": None}, (), "missing", "is missing in 20.0% of the rows"),
        ({"age": 500.0}, (), "out of range", "lies outside of the range seen in training"),
        ({"job": "miller"}, (), "unseen category", "has values unseen in training (such as 'miller')"),
        ({}, ("job",), "not logged", "is not in the prediction log"),
    ],
)
def test_what_is_odd_about_a_column_is_an_event_once(
    change: dict[str, Any], without: tuple[str, ...], kind: str, words: str
) -> None:
    replay = begun()
    for seed in (1, 2, 3):
        rows = records(1_000, seed=seed)
        predict(replay, [row | change if place % 5 == 0 else row for place, row in enumerate(rows)], without=without)
    assert kinds(replay).count("data-quality") == 1
    (event,) = [event for event in events.history(replay.storage, replay.model) if event.kind == "data-quality"]
    assert words in event.text
    assert [one["kind"] for one in report(replay)["oddities"]] == [kind]


@pytest.mark.parametrize("fixed", [{"since": 1.04e9}, {"job": "clerk"}, {"member": False}])
def test_a_column_that_varied_in_training_and_is_constant_now_is_odd(fixed: dict[str, Any]) -> None:
    replay = begun()
    predict(replay, records(1_500, seed=1, **fixed))
    assert {(one["column"], one["kind"]) for one in report(replay)["oddities"]} == {
        (name, "constant") for name in fixed
    }


def test_a_hundred_rows_by_chance_the_same_are_not_odd() -> None:
    tally = Tally.empty(reference())
    tally.rows = 50
    assert oddities(reference(), tally) == []


def test_columns_that_a_new_champion_added_or_dropped_are_told() -> None:
    from dataclasses import replace

    from automl.monitoring import drift_schema

    old = trained()[0]
    first, second, *others = old.features
    new = replace(old, features=(replace(first, type="category"), *others, replace(second, name="trade")))
    assert drift_schema.changes(old, new) == {
        "added": ["trade"],
        "removed": ["job"],
        "retyped": ["age: number to category"],
    }
    assert drift_schema.changes(old, old) is None


def test_the_references_of_versions_that_are_gone_are_none() -> None:
    assert References(begun().registry, "adult").of("v0") is None


def test_a_window_tells_its_hours() -> None:
    replay = begun()
    predict(replay, records(1_500, seed=1))
    hour = hour_of(replay.clock())
    assert report(replay)["window"] == {"first": hour, "last": hour, "rows": 1_500}
