"""Tables that come for a model: which of them become runs, once each, and which are refused or held back in words."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl import events, requests, uploads
from automl import spec as specs
from automl.errors import EvergreenError, InvalidInput
from automl.monitoring import state as states
from automl.monitoring.passes import monitor_pass
from automl.run import Run
from automl.spec import Spec
from automl.storage import CONTROL, RAW
from tests.support.datasets import customers, to_csv
from tests.support.replay import Replay
from tests.support.thresholds import begun, told

TABLE = b"x,high\n0.1,0\n0.9,1\n"


def in_vain(_: Replay, run: Run) -> str:
    raise EvergreenError(f"Run {run.id} found no model.")


def idle(**retrain: Any) -> Replay:
    """A model that has been looked at, and of which nothing is new."""
    replay = begun(trainer=in_vain, retrain=retrain)
    replay.watch()
    assert replay.watch().text == "Nothing is new."
    return replay


def drop(replay: Replay, name: str, data: bytes = TABLE) -> str:
    return replay.storage.put(RAW, f"{replay.model}/drop/{name}", data)


def upload(replay: Replay, name: str, data: bytes = TABLE) -> None:
    uploads.put_block(replay.storage, replay.model, name, 0, data)
    uploads.commit(replay.storage, replay.clock, replay.model, name, {"blocks": 1, "format": "csv"})


def runs(replay: Replay) -> list[Run]:
    return replay.runs.find(replay.model)[::-1]


def told_of(replay: Replay, kind: str) -> list[str]:
    return [event.text for event in events.history(replay.storage, replay.model) if event.kind == kind]


def reason(replay: Replay) -> str:
    return str(states.load(replay.storage, replay.model).report["retraining"])


def test_a_dropped_table_becomes_one_run_with_the_labelled_rows_whatever_is_repeated() -> None:
    replay = idle()
    told(replay, 100, concept=0.5, seed=1)
    etag = drop(replay, "may.csv")
    for _ in range(2):
        replay.watch()
    (run,) = runs(replay)
    assert run.cause["kind"] == "new_data"
    assert (run.data["blob"], run.data["etag"], run.data["format"]) == ("steps/drop/may.csv", etag, "csv")
    assert run.labelled is not None
    assert run.labelled["count"] == 100
    assert "100 new labelled rows of 100 in all: The table 'steps/drop/may.csv' was dropped." in run.cause["text"]
    replay.train_all()
    drop(replay, "may.csv")  # put there again, with another ETag
    drop(replay, "copy of may.csv")
    replay.watch()
    replay.storage.delete(CONTROL, "steps/monitor.json")
    replay.watch()
    assert len(runs(replay)) == 1
    assert told_of(replay, "retraining") == [run.cause["text"]]
    assert replay.watch().text == "Nothing is new."


def test_two_passes_at_once_ask_for_one_run() -> None:
    replay = idle()
    drop(replay, "may.csv")
    inner: list[Any] = []

    def meanwhile(call: str, container: str, name: str) -> None:
        if not inner and (call, container) == ("put", CONTROL) and "/drops/" in name:
            inner.append(1)
            monitor_pass(replay.storage, replay.registry, replay.runs, replay.clock, replay.model)

    replay.storage.before = meanwhile
    replay.watch()
    replay.watch()
    assert inner
    assert len(runs(replay)) == 1


def test_a_pass_that_dies_at_any_operation_loses_no_table() -> None:
    for step in range(1, 200):
        replay = idle()
        drop(replay, "may.csv")
        count = 0

        def cut(*_: str, at: int = step) -> None:
            nonlocal count
            count += 1
            if count == at:
                raise KeyboardInterrupt

        replay.storage.before = cut
        try:
            replay.watch()
        except KeyboardInterrupt:
            replay.storage.before = lambda *_: None
            replay.clock.advance(minutes=2)
            replay.watch()
            assert len(runs(replay)) == 1
            assert len(told_of(replay, "retraining")) == 1
            continue
        assert step > 10
        return
    pytest.fail("the pass never came to its end")


def test_of_several_tables_the_newest_counts_and_it_waits_for_the_brakes() -> None:
    replay = idle(cooldown_hours=1.0)
    drop(replay, "one.csv")
    replay.watch()
    replay.train_all()
    drop(replay, "two.csv", TABLE + b"0.2,0\n")
    drop(replay, "three.csv", TABLE + b"0.3,0\n")
    replay.watch()
    assert len(runs(replay)) == 1
    assert "the next may not be before" in reason(replay)
    replay.clock.advance(minutes=59)
    replay.watch()
    assert len(runs(replay)) == 1
    replay.clock.advance(minutes=1)
    replay.watch()
    replay.train_all()
    replay.clock.advance(hours=2)
    assert replay.watch().text == "Nothing is new."
    assert [run.data["blob"] for run in runs(replay)] == ["steps/drop/one.csv", "steps/drop/three.csv"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("may.xlsx", TABLE, "expected a file called *.csv, *.csv.gz, *.parquet, got 'may.xlsx'"),
        ("may.csv", b"", "a CSV file"),
        ("may.csv", b"PAR1 and so on", "got a Parquet file"),
        ("may.csv", b"x,x,high\n1,2,3\n", "one column of this name"),
        ("may.csv", b"x,low\n1,2\n", "the target 'high' among its columns, got x, low"),
        ("may.parquet", TABLE, "a whole Parquet file"),
    ],
)
def test_a_file_that_cannot_be_trained_on_is_refused_once_in_words(name: str, data: bytes, said: str) -> None:
    replay = idle()
    drop(replay, name, data)
    for _ in range(2):
        replay.watch()
    (text,) = told_of(replay, "table-refused")
    assert said.lower() in text.lower()
    assert runs(replay) == []
    assert replay.watch().text == "Nothing is new."


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl.monitoring.drops.MAX_BYTES", 10)
    replay = idle()
    drop(replay, "may.csv")
    replay.watch()
    assert "at most 10 are read" in told_of(replay, "table-refused")[0]


def test_parquet_and_packed_tables_are_taken() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": [0.1], "high": [0]}), sink)
    replay = idle()
    drop(replay, "may.parquet", sink.getvalue())
    replay.watch()
    (run,) = runs(replay)
    assert run.data["format"] == "parquet"


def test_what_training_puts_beside_a_table_is_no_table() -> None:
    replay = idle()
    drop(replay, "may.csv.aside.csv", b"line,reason,cells\n")
    assert replay.watch().text == "Nothing is new."
    assert told_of(replay, "table-refused") == []


def test_a_dropped_table_with_other_columns_is_held_back_unless_the_spec_lets_it() -> None:
    replay = idle()
    drop(replay, "may.csv", b"z,high\n0.1,0\n")
    for _ in range(2):
        replay.watch()
    assert runs(replay) == []
    (text,) = told_of(replay, "table-denied")
    assert text.endswith("It has other columns than champion v1: new z; without x.")
    assert "as retrain.on_schema_change is off" in reason(replay)
    assert replay.watch().text == "Nothing is new."
    replay.spec = Spec.from_json({**replay.spec.to_json(), "retrain": {"on_schema_change": True}})
    specs.save(replay.storage, replay.spec)
    drop(replay, "june.csv", b"z,high\n0.1,0\n0.2,1\n")
    replay.watch()
    (run,) = runs(replay)
    assert (run.cause["kind"], run.data["blob"]) == ("schema_change", "steps/drop/june.csv")


def test_a_first_champion_is_trained_from_a_dropped_table_alone() -> None:
    spec = {"name": "m", "target": "y", "search": {"time_budget": 60, "max_iter": 1, "estimator_list": ["lgbm"]}}
    replay = Replay(spec=Spec.from_json(spec))
    drop(replay, "may.csv", to_csv(customers(100)))
    for _ in range(2):
        assert "Nothing to watch" in replay.watch().text
    (run,) = replay.train_all()
    assert (run.cause["kind"], run.status) == ("new_data", "registered")
    assert replay.registry.pointer("m").champion == run.version


def test_a_file_for_a_model_that_does_not_exist_waits_and_makes_none() -> None:
    replay = idle()
    replay.storage.put(RAW, "other/drop/may.csv", TABLE)
    report = monitor_pass(replay.storage, replay.registry, replay.runs, replay.clock, "other")
    assert "There is no model 'other'" in report.text
    assert "other" not in replay.registry.models()


def test_an_upload_that_nobody_asked_for_a_run_on_asks_for_one_after_its_grace() -> None:
    replay = idle(on_upload=True)
    upload(replay, "june")
    replay.watch()
    assert "No run is asked for before 2026-11-20T16:10:00.000Z: The table 'steps/june' was uploaded" in reason(
        replay
    )
    replay.clock.advance(minutes=9, seconds=59)
    replay.watch()
    assert runs(replay) == []
    replay.clock.advance(seconds=1)
    for _ in range(2):
        replay.watch()
    (run,) = runs(replay)
    assert (run.cause["kind"], run.data["blob"]) == ("new_data", "steps/june")


def test_an_upload_that_a_run_was_asked_for_asks_for_no_other() -> None:
    replay = idle(on_upload=True)
    upload(replay, "june")
    requests.request_run(replay.storage, replay.runs, replay.clock, replay.model, "june")
    replay.train_all()
    replay.clock.advance(hours=1)
    replay.watch()
    assert [run.cause["kind"] for run in runs(replay)] == ["request"]


def test_uploads_ask_for_nothing_unless_the_spec_says_so() -> None:
    replay = idle()
    upload(replay, "june")
    replay.clock.advance(hours=1)
    replay.watch()
    assert runs(replay) == []
    assert replay.watch().text == "Nothing is new."


def respecified(replay: Replay, **spec: Any) -> None:
    replay.spec = Spec.from_json({**replay.spec.to_json(), **spec})
    specs.save(replay.storage, replay.spec)
    told(replay, 10, concept=0.5, seed=round(replay.clock().timestamp()))
    replay.watch()


def test_other_columns_in_the_spec_ask_for_one_run_in_the_reign_of_a_champion() -> None:
    replay = idle(on_schema_change=True)
    respecified(replay, search={"time_budget": 5}, target="other")
    assert runs(replay) == []
    respecified(replay, target="high", columns={"drop": ["y"]})
    respecified(replay)
    replay.train_all()
    respecified(replay)
    (run,) = runs(replay)
    assert run.cause["kind"] == "schema_change"
    assert "The spec has changed columns.drop since champion v1 was trained." in run.cause["text"]
    assert run.data["blob"] == "steps/table"
    respecified(replay, retrain={"on_schema_change": False}, columns={"drop": ["y", "z"]})
    assert len(runs(replay)) == 1


def test_a_table_that_was_replaced_before_its_run_is_not_trained_on_unseen() -> None:
    replay = Replay(spec=Spec.from_json({"name": "m", "target": "y"}))
    drop(replay, "may.csv", to_csv(customers(100)))
    replay.watch()
    drop(replay, "may.csv", to_csv(customers(100, seed=1)))
    (run,) = replay.train_all()
    assert "changed since the run was asked for" in run.message
    assert issubclass(InvalidInput, EvergreenError)
