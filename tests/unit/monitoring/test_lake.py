"""What the lake promises: every line of the log once, whatever happens to a pass, and nothing lost with the log."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from automl.errors import Unavailable
from automl.lake import datasets, delta
from automl.lake import mark as marks
from automl.lake.labelled import labelled_rows
from automl.log import reader
from automl.monitoring import ingest, moving
from automl.monitoring import state as states
from automl.settings import Settings
from automl.storage import CONTROL, LOG
from tests.support.dying import deaths
from tests.support.lake import NUMBERS, batches, contents, keep_rows
from tests.support.ledger import entries
from tests.support.replay import Replay, append, prediction_line
from tests.support.thresholds import begun, copied, count_errors, publish, stream, told

KINDS = ("predictions", "truth")
KEEP_DAYS, DAYS = 3, 6


def with_lake(replay: Replay) -> Replay:
    replay.runs.settings = Settings(lake="on", log_keep_days=KEEP_DAYS)
    return replay


def lived(rows: int = 300) -> Replay:
    """A model that has scored and was told the truth; nothing has been watched yet."""
    replay = with_lake(begun())
    told(replay, rows, concept=0.5, seed=1)
    return replay


def again(replay: Replay) -> Replay:
    """The same account, seen by another process at the same moment."""
    return with_lake(Replay(replay.spec, storage=replay.storage, clock=replay.clock))


def twin(replay: Replay) -> Replay:
    other = with_lake(Replay(replay.spec, storage=copied(replay.storage)))
    other.clock.now = replay.clock.now
    return other


def lake(replay: Replay) -> dict[str, list[dict[str, Any]]]:
    return {kind: contents(replay.storage, replay.model, kind) for kind in KINDS}


def logged(replay: Replay, kind: str) -> list[dict[str, Any]]:
    return [
        orjson.loads(line)
        for info in replay.storage.find(LOG, f"{replay.model}/{kind}/")
        for line in replay.storage.get_from(LOG, info.name, 0).splitlines()
    ]


def log_days(replay: Replay) -> set[str]:
    return {info.name.split("/")[2] for info in replay.storage.find(LOG)}


def test_upkeep_that_removes_old_commits_keeps_the_place_that_the_table_has_reached() -> None:
    replay, places = with_lake(begun()), list[str]()
    for day in range(5):
        for number in (1, 2):
            told(replay, 10, concept=0.5, seed=100 * day + 50 * number)
            replay.watch()
        commits = Path(replay.storage.tables().root) / replay.model / "predictions" / "_delta_log"
        for commit in commits.iterdir():
            os.utime(commit, (0, 0))
        replay.clock.advance(days=1)
        replay.watch()  # nothing is new: files are put together, and a commit in ten removes those before it
        table = delta.open_table(replay.storage, replay.model, "predictions")
        assert table is not None
        places.append(table.position().since_hour)
    assert not (commits / f"{0:020}.json").exists()
    assert all(places), places


def test_every_line_of_the_log_is_a_row_of_its_day() -> None:
    replay = lived()
    replay.clock.advance(hours=10)
    told(replay, 50, concept=0.5, seed=9)
    report = replay.watch()
    assert report.lake is None
    found = lake(replay)
    assert sorted(row["id"] for row in found["predictions"]) == sorted(
        line["id"] for line in logged(replay, "predictions")
    )
    assert {str(row["date"]) for row in found["predictions"]} == log_days(replay) == {"2026-11-20", "2026-11-21"}
    one = next(line for line in logged(replay, "predictions"))
    row = next(row for row in found["predictions"] if row["id"] == one["id"])
    assert (row["feature_x"], row["prediction_number"]) == (one["features"]["x"], float(one["prediction"]))
    assert round(row["at"].timestamp() * 1000) == one["at"]
    assert len(found["truth"]) == 350


def test_what_is_in_the_lake_is_not_moved_again() -> None:
    replay = lived()
    replay.watch()
    before = lake(replay), batches(replay.storage, replay.model, "predictions")
    replay.watch()
    replay.clock.advance(minutes=1)
    replay.watch()
    assert (lake(replay), batches(replay.storage, replay.model, "predictions")) == before


def test_pass_adds_what_came_since_the_last() -> None:
    replay = lived(0)
    for seed in (1, 1000, 2000):
        told(replay, 100, concept=0.5, seed=seed)
        replay.watch()
    assert batches(replay.storage, replay.model, "truth") == 3
    at_once = twin(replay)
    shutil.rmtree(at_once.storage.tables().root)
    for name in ("lake.json", "monitor.json"):
        at_once.storage.delete(CONTROL, f"{replay.model}/{name}")
    at_once.watch()
    assert batches(at_once.storage, replay.model, "truth") == 1
    assert lake(at_once) == lake(replay)


def test_large_log_that_no_lake_was_there_for_is_moved_blob_by_blob(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = lived(0)
    for _ in range(5):
        told(replay, 100, concept=0.5, seed=1)
        replay.clock.advance(hours=1)
    whole = twin(replay)
    whole.watch()
    replay.runs.settings = Settings(lake="off")
    replay.watch()
    with_lake(replay)
    monkeypatch.setattr(moving, "BATCH_BYTES", 1)
    replay.watch()
    assert batches(replay.storage, replay.model, "predictions") == 5
    assert lake(replay) == lake(whole)


def test_what_was_read_in_steps_is_handed_over_in_steps_and_never_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = lived(800)
    whole, without = twin(replay), twin(replay)
    monkeypatch.setattr(reader, "PIECE_BYTES", 8_000)
    without.runs.settings = Settings(lake="off")
    pieces: dict[str, int] = {"whole": 0, "with": 0, "without": 0}
    for name, each in (("whole", whole), ("with", replay), ("without", without)):

        def count(operation: str, container: str, blob: str, name: str = name) -> None:
            is_truth = container == LOG and "/truth/" in blob  # predictions are looked up, too
            pieces[name] += operation == "get_from" and is_truth

        each.storage.before = count
        assert each.watch().lake is None
        monkeypatch.setattr(ingest, "STEP_TRUTHS", 200)
        monkeypatch.setattr(ingest, "MOST_TRUTHS", 200)
        monkeypatch.setattr(ingest, "STEP_PREDICTIONS", 300)
    assert pieces["with"] == pieces["without"] == pieces["whole"] == 10
    assert batches(replay.storage, replay.model, "truth") > 2
    assert lake(replay) == lake(whole)
    assert remembered(replay)["entries"] == remembered(whole)["entries"]


def remembered(replay: Replay) -> dict[str, Any]:
    """What a state holds and names, but for how far it has read and when."""
    state = asdict(states.load(replay.storage, replay.model))
    for name in ("offsets", "parts", "etag", "report", "event"):
        del state[name]
    return state | {"entries": entries(replay.storage, replay.model)}


def test_duplicated_and_reordered_blobs_give_the_same_tables_and_state() -> None:
    replay = lived()
    quiet = twin(replay)
    quiet.watch()
    for number, kind in enumerate(KINDS * 2):
        lines = [orjson.dumps(line) + b"\n" for line in logged(replay, kind)[:: -1 - number]]
        name = f"{replay.model}/{kind}/2026-11-20/16/{'0z'[number % 2]}-{number}.jsonl"
        replay.storage.append(LOG, name, b"".join(lines), at=0)
        replay.watch()
    assert lake(replay) == lake(quiet)
    assert remembered(replay) == remembered(quiet)


def test_lines_that_are_logged_again_hours_later_count_once() -> None:
    replay = lived()
    replay.watch()
    before, tables = remembered(replay), lake(replay)
    replay.clock.advance(hours=5)
    for kind in KINDS:
        lines = [orjson.dumps(line) + b"\n" for line in logged(replay, kind)]
        replay.storage.append(LOG, f"{replay.model}/{kind}/2026-11-20/21/late-1.jsonl", b"".join(lines), at=0)
    replay.watch()
    after = remembered(replay)
    assert {name for name in after if after[name] != before[name]} == {"since_hour", "kept_from"}
    assert lake(replay) == tables


def test_torn_line_is_no_row_and_half_a_line_waits() -> None:
    replay = lived(100)
    name = f"{replay.model}/predictions/2026-11-20/16/torn-1.jsonl"
    line = orjson.dumps(logged(replay, "predictions")[0] | {"id": "0199aaaa-0000-7000-8000-000000000000"}) + b"\n"
    replay.storage.append(LOG, name, b'{"id":"torn\n' + line[:30], at=0)
    replay.watch()
    assert len(lake(replay)["predictions"]) == 100
    replay.storage.append(LOG, name, line[30:], at=42)
    replay.watch()
    assert len(lake(replay)["predictions"]) == 101


def test_feature_that_a_new_version_brings_becomes_a_column() -> None:
    replay = lived(100)
    replay.watch()
    replay.registry.register(replay.model, publish(replay, "v2", 0.5, names=("x", "y")))
    replay.registry.promote(replay.model, "v2", "For the test.")
    replay.clock.advance(minutes=1)
    replay.predict([{"x": 0.1, "y": 7.0}])
    replay.watch()
    rows = {(row["version"], row["feature_y"]) for row in lake(replay)["predictions"]}
    assert rows == {("v1", None), ("v2", 7.0)}


def test_of_two_monitors_at_once_each_line_is_moved_by_one() -> None:
    replay = lived()
    quiet = twin(replay)
    quiet.watch()
    for place in ("tables", "get_from", "list"):
        here = twin(replay)
        here.storage.before = meddling(here, place)
        here.watch()
        here.storage.before = lambda *_: None
        here.watch()
        assert lake(here) == lake(quiet), place
        assert remembered(here) == remembered(quiet), place


def meddling(replay: Replay, place: str) -> Callable[[str, str, str], None]:
    """Another monitor that makes a whole pass before every fourth operation of one kind."""
    numbers = itertools.count()

    def before(operation: str, *_: str) -> None:
        if operation == place and next(numbers) % 4 == 3:
            replay.storage.before = lambda *_: None
            again(replay).watch()
            replay.storage.before = before

    return before


def test_batch_that_another_pass_was_quicker_with_is_not_added_again(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = lived()
    quiet = twin(replay)
    quiet.watch()
    append_rows, done = delta.Table.append, list[str]()

    def slow(table: delta.Table, rows: Any, position: delta.Position) -> None:
        if len(done) < 2:
            done.append("once a table")
            again(replay).watch()
        append_rows(table, rows, position)

    monkeypatch.setattr(delta.Table, "append", slow)
    replay.watch()
    assert len(done) == 2
    assert lake(replay) == lake(quiet)


def test_pass_that_dies_at_any_operation_leaves_what_a_quiet_run_leaves() -> None:
    start = lived()
    start.watch()
    told(start, 200, concept=0.5, seed=5000)
    quiet = twin(start)
    quiet.watch()
    step = 0
    for step, replay in deaths(lambda: twin(start)):
        assert lake(replay) == lake(quiet), f"dying at operation {step}"
        assert remembered(replay) == remembered(quiet), f"dying at operation {step}"
        assert marks.load(replay.storage, replay.model).moved == marks.load(quiet.storage, quiet.model).moved
    assert step > 20


def test_fault_of_the_lake_stops_no_judging_and_is_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = lived()
    quiet = twin(replay)
    quiet.watch()

    def broken(*_: object) -> None:
        raise RuntimeError("the table is broken")

    with monkeypatch.context() as patched:
        patched.setattr(delta.Table, "append", broken)
        report = replay.watch()
    assert report.lake == "RuntimeError: the table is broken"
    assert (report.labelled, report.failure) == (300, None)
    assert lake(replay)["predictions"] == []
    assert replay.watch().text == "Nothing is new."
    assert lake(replay) == lake(quiet)


def test_lost_position_is_found_again_by_what_the_table_has(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = lived()
    replay.watch()
    before = lake(replay)
    told(replay, 10, concept=0.5, seed=77)
    monkeypatch.setattr(delta, "LOOK_BACK", ())
    replay.watch()
    after = lake(replay)
    assert [len(after[kind]) - len(before[kind]) for kind in KINDS] == [10, 10]


def test_data_files_that_no_version_names_go_once_they_are_a_week_old_whoever_left_them() -> None:
    replay = lived()
    replay.watch()
    folder = Path(replay.storage.tables().root, replay.model, "predictions")
    (named,) = folder.glob("date=*/*.parquet")
    old, young = (named.with_name(f"part-00000-{number}-c000.snappy.parquet") for number in (1, 2))
    for left in (old, young):
        left.write_bytes(named.read_bytes())
    for each in (old, named):
        os.utime(each, (0, 0))
    replay.clock.advance(days=1)
    replay.watch()
    assert set(folder.glob("date=*/*.parquet")) == {named, young}
    assert len(contents(replay.storage, replay.model, "predictions")) == 300


def test_small_files_of_a_day_that_is_over_are_put_together() -> None:
    replay = lived(0)
    for seed in range(5):
        told(replay, 20, concept=0.5, seed=seed * 100)
        replay.watch()
    before = lake(replay)
    replay.clock.advance(days=1)
    replay.watch()
    for kind in KINDS:
        table = delta.open_table(replay.storage, replay.model, kind)
        assert table is not None
        assert [day for day, _ in table.files()] == ["2026-11-20"]
        assert table.position().since_hour
    assert lake(replay) == before


def test_position_is_in_the_newest_commit_and_upkeep_gives_old_tables_the_properties_of_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So commits may go while a table is idle, and opening it takes no longer the older it is."""
    with monkeypatch.context() as older:
        older.setitem(delta.PROPERTIES, "delta.logRetentionDuration", "interval 3650 days")
        replay = lived(0)
        for seed in range(2):
            told(replay, 20, concept=0.5, seed=seed * 100)
            replay.watch()
    before = {kind: position(replay, kind) for kind in KINDS}
    replay.clock.advance(days=1)
    replay.watch()
    monkeypatch.setattr(delta, "LOOK_BACK", (1,))
    for kind in KINDS:
        table = delta.open_table(replay.storage, replay.model, kind)
        assert table is not None
        assert table.properties.items() >= delta.PROPERTIES.items()
        assert len(table.files()) == 1
        assert table.position() == before[kind]


def position(replay: Replay, kind: str) -> delta.Position:
    table = delta.open_table(replay.storage, replay.model, kind)
    assert table is not None
    return table.position()


def test_log_that_had_nothing_for_days_is_handed_over_when_something_comes() -> None:
    replay = lived(0)
    late = stream(replay, 20, concept=0.5, seed=1)
    told(replay, 20, concept=0.5, seed=2)
    replay.watch()
    for day in range(3):
        replay.clock.advance(days=1)
        stream(replay, 20, concept=0.5, seed=10 + day)
        replay.watch()
    replay.clock.advance(days=1)
    replay.tell(late)
    read: list[str] = []

    def note(operation: str, container: str, name: str) -> None:
        if (operation, container) == ("get_from", LOG) and "/truth/" in name:
            read.append(name)

    replay.storage.before = note
    assert replay.watch().lake is None
    assert len(read) == 1
    assert [len(lake(replay)[kind]) for kind in KINDS] == [100, 40]


def test_files_of_the_dataset_are_put_together_too_and_its_rows_keep_their_numbers() -> None:
    replay = lived()
    for run in range(3):
        keep_rows(replay.storage, replay.model, [float(run)], [None], replay.clock().date())
    replay.clock.advance(days=1)
    assert replay.watch().lake is None
    table = delta.open_table(replay.storage, replay.model, datasets.TABLE)
    assert table is not None
    assert len(table.files()) == 1
    tensors, _ = datasets.read(replay.storage, replay.model, NUMBERS, np.array([2, 0, 1]))
    assert tensors.num[:, 0].tolist() == [2.0, 0.0, 1.0]


def aged(**spec: Any) -> tuple[Replay, list[tuple[str, int]]]:
    """A model whose first days are in the lake alone; and predictions of those days whose truth has not come yet."""
    replay = with_lake(begun(**spec))
    told(replay, 200, concept=0.5, seed=1)
    late = stream(replay, 50, concept=0.5, seed=2)
    replay.watch()
    for _ in range(DAYS):
        replay.clock.advance(days=1)
        told(replay, 10, concept=0.5, seed=round(replay.clock().timestamp()))
        replay.watch()
    assert min(log_days(replay)) == "2026-11-22"  # a day after the mark has left them behind
    return replay, late


def test_days_are_removed_from_the_log_when_their_time_is_over_and_the_lake_has_them() -> None:
    replay, _ = aged()
    assert marks.load(replay.storage, replay.model).kept_from == "2026-11-23"
    assert len(lake(replay)["predictions"]) == 200 + 50 + DAYS * 10


def test_days_stay_in_the_log_without_a_lake() -> None:
    replay = begun()
    told(replay, 10, concept=0.5, seed=1)
    for _ in range(40):
        replay.clock.advance(days=1)
        replay.watch()
    assert log_days(replay) == {"2026-11-20"}


def test_day_that_the_lake_lacks_is_not_removed_from_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = lived(10)

    def broken(*_: object) -> None:
        raise Unavailable("the lake is gone")

    monkeypatch.setattr(delta.Table, "append", broken)
    for _ in range(40):
        replay.clock.advance(days=1)
        assert replay.watch().lake is not None
    assert log_days(replay) == {"2026-11-20"}


def test_labelled_rows_are_the_same_with_and_without_the_log() -> None:
    replay = with_lake(begun())
    told(replay, 200, concept=0.5, seed=1)
    wanted, until = labelled_rows(replay.storage, replay.model), round(replay.clock().timestamp() * 1000)
    for _ in range(DAYS):
        replay.watch()
        replay.clock.advance(days=1)
        told(replay, 10, concept=0.5, seed=round(replay.clock().timestamp()))
    replay.watch()
    assert "2026-11-20" not in log_days(replay)
    rows = labelled_rows(replay.storage, replay.model, until_ms=until)
    for name in ("ids", "versions", "features", "predictions", "truths"):
        assert getattr(rows, name) == getattr(wanted, name)
    assert len(labelled_rows(replay.storage, replay.model)) == 200 + DAYS * 10


def test_truth_that_comes_when_its_prediction_has_left_the_log_still_joins() -> None:
    replay, late = aged()
    replay.tell(late)
    report = replay.watch()
    assert report.labelled == 50
    assert len(labelled_rows(replay.storage, replay.model)) == 200 + DAYS * 10 + 50
    assert sum(count_errors(replay)) > 0


def test_truth_by_key_finds_predictions_in_the_lake_and_in_the_log() -> None:
    replay = with_lake(begun())

    def predicted(key: str) -> None:
        now_ms = round(replay.clock().timestamp() * 1000)
        one = replay.ids.mint(replay.model, 1, now_ms)[0]
        line = orjson.loads(prediction_line(id=one, version="v1", at=now_ms, features={"x": 0.9}, prediction=1))
        line = {"id": line.pop("id"), "key": key, **line}
        append(replay.storage, replay.model, "predictions", replay.clock(), [orjson.dumps(line)])

    predicted("old")
    replay.watch()
    for _ in range(DAYS):
        replay.clock.advance(days=1)
        replay.watch()
    assert log_days(replay) == set()
    predicted("new")
    now_ms = round(replay.clock().timestamp() * 1000)
    truths = [orjson.dumps({"key": key, "truth": 1, "at": now_ms, "received": now_ms}) for key in ("old", "new")]
    append(replay.storage, replay.model, "truth", replay.clock(), truths)
    assert replay.watch().labelled == 2
    assert len(labelled_rows(replay.storage, replay.model)) == 2


def test_lost_state_is_rebuilt_from_lake_and_log() -> None:
    replay, _ = aged()
    before = states.load(replay.storage, replay.model)
    replay.storage.delete(CONTROL, f"{replay.model}/monitor.json")
    replay.watch()
    after = states.load(replay.storage, replay.model)
    for name in ("labelled", "predictions", "watch", "alarm", "sums", "newest", "counts", "newest_ms", "kept_from"):
        assert getattr(after, name) == getattr(before, name), name


def test_removal_that_was_broken_off_is_finished_and_hides_nothing() -> None:
    replay, _ = aged()
    other = twin(replay)
    day = min(log_days(other))
    other.clock.advance(days=2)
    gone: list[Callable[[], None]] = []

    def die(operation: str, container: str, _: str) -> None:
        if (operation, container) == ("delete", LOG):
            if gone:
                raise Unavailable("storage is gone")
            gone.append(lambda: None)

    rows = labelled_rows(other.storage, other.model)
    other.storage.before = die
    assert other.watch().lake == "Unavailable: storage is gone"
    other.storage.before = lambda *_: None
    assert labelled_rows(other.storage, other.model).ids == rows.ids
    other.watch()
    assert day not in log_days(other)
    assert labelled_rows(other.storage, other.model).ids == rows.ids
