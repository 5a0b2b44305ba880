"""What is due goes, from the tables and from the log; what is not stays, and the monitor goes on with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from automl.lake import delta
from automl.lake import mark as marks
from automl.lake.labelled import labelled_rows
from automl.monitoring import retention
from automl.monitoring import state as states
from automl.monitoring.ledger import Ledger
from automl.monitoring.state import State
from automl.settings import LakeMode, Settings
from automl.spec_sections import Keep
from automl.storage import CONTROL, LOG
from tests.support.clock import FixedClock
from tests.support.lake import contents, keep_rows
from tests.support.memory import MemoryStorage
from tests.support.replay import Replay
from tests.support.thresholds import begun, told


def lived(keep: dict[str, Any], *, days: int = 6, lake: LakeMode = "on") -> Replay:
    """A model that scored a few rows each day, told the truth at once and watched."""
    replay = begun(keep=keep)
    replay.runs.settings = Settings(lake=lake)
    for day in range(days):
        told(replay, 8, concept=0.5, seed=day)
        assert replay.watch().lake is None
        replay.clock.advance(days=1)
    assert replay.watch().lake is None
    return replay


def days_of(replay: Replay, name: str, **having: Any) -> list[int]:
    """Days of the month in a table, of rows with such values."""
    rows = contents(replay.storage, replay.model, name)
    return sorted({row["date"].day for row in rows if all(row[key] == value for key, value in having.items())})


def log_days(replay: Replay) -> list[str]:
    return sorted({info.name.split("/")[2][-2:] for info in replay.storage.find(LOG)})


def test_nothing_goes_unless_the_spec_says_so() -> None:
    replay = lived({})
    assert days_of(replay, "predictions") == days_of(replay, "truth") == [20, 21, 22, 23, 24, 25]
    assert all(row["feature_x"] is not None for row in contents(replay.storage, replay.model, "predictions"))


def test_features_are_emptied_before_their_predictions_go() -> None:
    replay = lived({"features_days": 2, "days": 4})
    assert days_of(replay, "predictions") == days_of(replay, "truth") == [22, 23, 24, 25]
    assert days_of(replay, "predictions", feature_x=None) == [22, 23]
    assert days_of(replay, "predictions", logged="[]") == [22, 23]
    assert all(row["prediction"] is not None for row in contents(replay.storage, replay.model, "predictions"))


@pytest.mark.parametrize("keep", [{"features_days": 2, "days": 4}, {"days": 2}])
def test_labelled_rows_that_runs_trained_on_go_with_the_features_and_rows_of_tables_stay(
    keep: dict[str, int],
) -> None:
    replay = lived(keep)
    made = [replay.clock() - timedelta(days=days, seconds=days == 1) for days in (3, 1, 0)]
    names = [replay.ids.mint(replay.model, 1, round(at.timestamp() * 1000))[0] for at in made]
    keep_rows(replay.storage, replay.model, [0.0, 1.0, 2.0, 3.0], [*names, None], replay.clock().date())
    replay.clock.advance(days=1)
    told(replay, 1, concept=0.5, seed=9)
    assert replay.watch().lake is None
    left = contents(replay.storage, replay.model, "dataset")
    assert sorted(row["row"] for row in left) == [1, 2, 3]


def test_the_log_stays_no_longer_than_the_lake_has_the_features() -> None:
    replay = lived({"features_days": 2})
    assert log_days(replay) == ["23", "24", "25"]  # what is due goes a day after it was last read
    assert days_of(replay, "predictions") == [20, 21, 22, 23, 24, 25]


def test_without_a_lake_days_of_the_log_go_whole() -> None:
    assert log_days(lived({"features_days": 2}, lake="off")) == ["24", "25"]
    assert len(log_days(lived({}, lake="off"))) == 6


def test_new_lines_are_moved_once_after_rows_were_removed() -> None:
    replay = lived({"days": 2})
    told(replay, 5, concept=0.5, seed=9)
    assert replay.watch().lake is None
    assert len(contents(replay.storage, replay.model, "predictions")) == 2 * 8 + 5
    table = delta.open_table(replay.storage, replay.model, "predictions")
    assert table is not None
    assert {name.split("/")[2] for name in table.position().offsets} >= {"2026-11-26"}


def test_a_lost_state_is_rebuilt_of_what_is_left() -> None:
    replay = lived({"features_days": 2, "days": 4})
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    told(replay, 5, concept=0.5, seed=9)
    replay.watch()
    state = states.load(replay.storage, replay.model)
    assert (state.predictions, state.labelled) == (4 * 8 + 5, 4 * 8 + 5)
    rows = labelled_rows(replay.storage, replay.model)
    assert [len(features) for features in rows.features] == [0] * 16 + [1] * 21


def test_an_upkeep_that_was_broken_off_comes_to_the_same() -> None:
    replay = lived({"features_days": 2, "days": 4})
    before = contents(replay.storage, replay.model, "predictions")
    mark = marks.load(replay.storage, replay.model)
    for emptied in ("", mark.emptied):
        mark.emptied = emptied
        keep = replay.spec.keep
        retention.expire(replay.storage, replay.model, mark, keep, replay.clock(), lake="on")
        assert contents(replay.storage, replay.model, "predictions") == before


@pytest.mark.parametrize(
    ("keep", "days"), [(Keep(), 30), (Keep(days=7), 7), (Keep(days=7, features_days=3), 3), (Keep(days=90), 30)]
)
def test_the_shortest_time_is_that_of_the_log(keep: Keep, days: int) -> None:
    assert retention.log_days(keep, 30) == days


def test_truths_that_wait_are_dropped_when_they_are_due() -> None:
    clock = FixedClock()
    now_ms = round(clock().timestamp() * 1000)
    storage = MemoryStorage()
    state = State(pending=[{"key": "old", "received": now_ms - 3 * 86_400_000}, {"key": "new", "received": now_ms}])
    retention.prune(state, Ledger(storage, "m", state, clock()), Keep(), clock())
    assert len(state.pending) == 2
    retention.prune(state, Ledger(storage, "m", state, clock()), Keep(days=2), clock())
    assert [truth["key"] for truth in state.pending] == ["new"]


def test_the_history_of_a_table_holds_no_value_of_a_feature() -> None:
    replay = begun()
    replay.runs.settings = Settings(lake="on")
    replay.predict([{"x": 0.123456}])
    replay.watch()
    history = Path(replay.storage.tables().root, replay.model, "predictions", "_delta_log").glob("*.json")
    lines = [line for path in history for line in path.read_bytes().splitlines() if b'"add"' in line]
    (stats,) = [orjson.loads(line)["add"]["stats"] for line in lines]
    assert orjson.loads(stats)["minValues"].keys() == {"id"}
    assert "0.123456" not in stats
