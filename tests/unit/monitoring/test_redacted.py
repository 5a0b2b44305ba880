"""What the monitor does without the columns that are kept out of the log, and what it says of that."""

from __future__ import annotations

from dataclasses import replace

import orjson

from automl import spec as specs
from automl.spec_sections import Monitor
from automl.storage import CONTROL
from tests.support.replay import Replay
from tests.support.thresholds import begun as thresholds
from tests.support.thresholds import publish, told
from tests.unit.monitoring.drifting import begun, records
from tests.unit.monitoring.test_drift import predict, report, shift


def redact(replay: Replay, *columns: str) -> None:
    specs.save(replay.storage, replace(replay.spec, monitor=Monitor(redact=columns)))


def state(replay: Replay) -> bytes:
    blob = replay.storage.get(CONTROL, f"{replay.model}/monitor.json")
    assert blob is not None
    return blob.data


def test_a_redacted_column_is_not_watched_and_not_called_odd() -> None:
    replay = begun()
    redact(replay, "job")
    predict(replay, records(1_500, seed=1), without=("job",))
    assert shift(replay, "job")["verdict"] == "not watched"
    assert shift(replay, "age")["verdict"] == "stable"
    assert report(replay)["text"].endswith("Not watched, since monitor.redact keeps them out of the log: job.")
    assert report(replay)["oddities"] == []


def test_nothing_of_a_redacted_column_is_counted_even_where_it_was_logged() -> None:
    replay = begun()
    redact(replay, "job")
    predict(replay, [row | {"job": "seldom-told"} for row in records(1_500, seed=1)])
    assert shift(replay, "job")["verdict"] == "not watched"
    assert b"seldom-told" not in state(replay)


def test_what_was_counted_before_a_column_was_redacted_is_forgotten() -> None:
    replay = begun()
    predict(replay, [row | {"job": "seldom-told"} for row in records(1_500, seed=1)])
    assert b"seldom-told" in state(replay)
    redact(replay, "job", "age")
    predict(replay, records(1_500, seed=2), without=("job", "age"))
    kept = orjson.loads(state(replay))["histograms"]["v1"]
    assert all("seldom-told" not in str(period["new"]) for period in kept.values())
    assert {shift(replay, name)["verdict"] for name in ("job", "age")} == {"not watched"}
    assert shift(replay, "since")["n"] == 3_000


def test_a_challenger_that_reads_what_is_redacted_is_undecided_and_the_reason_said() -> None:
    replay = thresholds()
    told(replay, 100, concept=0.7, seed=1)
    redact(replay, "x")
    replay.registry.register(replay.model, publish(replay, "v2", 0.7))
    text = replay.watch().decisions[-1]
    assert "undecided: Version v1 reads x, which monitor.redact keeps out of the log" in text
    assert replay.registry.pointer(replay.model).challenger is None
