"""A table that a key is taken out of is the same table: for runs, for causes, and for those who send it again."""

from __future__ import annotations

from typing import Any

import pytest

from automl import erasures, requests, rewritten, uploads
from automl.errors import Conflict, InvalidInput
from automl.monitoring import erasing
from automl.run import Cause, Run
from automl.spec import Spec
from automl.storage import CONTROL, RAW
from automl.training import loading
from tests.support.datasets import customers, to_csv
from tests.support.replay import Replay

KEY, OTHER = "order-4711", "order-4712"


def table(rows: int = 60, *, seed: int = 0) -> bytes:
    """A CSV whose first two rows are of the two keys."""
    cells = customers(rows, seed=seed)
    return to_csv({"order": [KEY, OTHER, *(f"n-{row}" for row in range(rows - 2))], **cells})


def made(**retrain: Any) -> Replay:
    spec = {"name": "m", "target": "y", "columns": {"key": "order", "drop": ["since"]}, "retrain": retrain}
    replay = Replay(Spec.from_json(spec))
    replay.storage.now = replay.clock
    return replay


def upload(replay: Replay, name: str = "first", data: bytes | None = None) -> uploads.Upload:
    uploads.put_block(replay.storage, replay.model, name, 0, table() if data is None else data)
    return uploads.commit(replay.storage, replay.clock, replay.model, name, {"blocks": 1, "format": "csv"})


def erase(replay: Replay, key: str = KEY) -> None:
    """All looks of an erasure, the clock moved as they are due."""
    asked = erasures.ask(replay.storage, replay.clock, replay.model, key, queue="erasures")
    while erasures.find(replay.storage, replay.model, asked.id).status != "done":
        erasing.carry_out(replay.registry, replay.clock, replay.model)
        replay.clock.advance(hours=3)


def read(replay: Replay, run: Run) -> dict[str, Any]:
    """What a training on the table of a run would note of it."""
    return loading.load(replay.storage, run, replay.spec, at=replay.clock(), lake="off").source


def asked(replay: Replay, name: str = "first") -> Run:
    return requests.request_run(replay.storage, replay.runs, replay.clock, replay.model, name)


def test_run_that_was_asked_for_before_is_on_the_table_without_the_rows() -> None:
    replay = made()
    upload(replay)
    run = asked(replay)
    assert read(replay, run)["rows"] == 60
    replay.clock.advance(seconds=1)
    erase(replay)
    source = read(replay, run)
    assert (source["rows"], source["rows_erased"]) == (59, 0)
    assert KEY.encode() not in replay.storage.get_from(RAW, "m/first", 0)


def test_run_that_names_the_table_as_an_earlier_training_found_it_can_read_it_after_another_erasure() -> None:
    replay = made()
    upload(replay)
    erase(replay)
    noted = read(replay, asked(replay))
    erase(replay, OTHER)
    data = {name: noted[name] for name in ("blob", "etag", "format", "sha256")}
    cause = Cause(kind="accuracy", key="1", text="It has fallen.", at=replay.clock())
    assert read(replay, replay.runs.request(replay.model, cause, data))["rows"] == 58


def test_bytes_that_are_neither_the_table_nor_what_an_erasure_left_are_refused_as_ever() -> None:
    replay = made()
    upload(replay)
    run = asked(replay)
    erase(replay)
    replay.storage.put(RAW, "m/first", table(seed=1))
    with pytest.raises(InvalidInput, match="changed since the run was asked for"):
        read(replay, run)


def test_rows_of_a_key_whose_erasure_has_only_been_asked_for_are_left_out_of_a_rewritten_table() -> None:
    replay = made()
    upload(replay)
    run = asked(replay)
    replay.clock.advance(seconds=1)
    erasures.ask(replay.storage, replay.clock, replay.model, OTHER, queue="erasures")
    (pending,) = erasures.open_requests(replay.storage, replay.model)
    replay.storage.delete(CONTROL, f"m/erasing/{pending.id}.json")  # nobody gets to it
    replay.clock.advance(seconds=1)
    erase(replay)
    assert OTHER.encode() in replay.storage.get_from(RAW, "m/first", 0)
    assert (read(replay, run)["rows"], read(replay, run)["rows_erased"]) == (58, 1)


def test_table_that_comes_after_the_request_is_new_data_and_stays_when_an_older_one_does_not() -> None:
    replay = made()
    upload(replay)
    erasures.ask(replay.storage, replay.clock, replay.model, KEY, queue="erasures")
    replay.clock.advance(seconds=1)
    upload(replay, "second")
    replay.clock.advance(seconds=1)
    for _ in range(3):
        erasing.carry_out(replay.registry, replay.clock, replay.model)
        replay.clock.advance(hours=3)
    assert KEY.encode() not in replay.storage.get_from(RAW, "m/first", 0)
    assert replay.storage.get_from(RAW, "m/second", 0) == table()


def test_file_that_is_sent_again_under_its_hash_is_taken_for_the_one_that_is_there() -> None:
    replay = made()
    sent = upload(replay)
    erase(replay)
    assert upload(replay) == sent == uploads.find(replay.storage, replay.model, "first")
    assert KEY.encode() not in replay.storage.get_from(RAW, "m/first", 0)


@pytest.mark.parametrize("looked", [True, False], ids=["looked at before", "not looked at yet"])
def test_dropped_table_calls_for_one_run_whether_it_was_looked_at_before_its_rewriting_or_not(looked: bool) -> None:
    replay = made()
    replay.storage.put(RAW, "m/drop/may.csv", table())
    if looked:
        replay.watch()
    for key in (KEY, OTHER):
        erase(replay, key)
        replay.watch()
    (run,) = replay.runs.find(replay.model)
    assert run.cause["kind"] == "new_data"
    assert (read(replay, run)["rows"], read(replay, run)["rows_erased"]) == (58, 0)
    replay.storage.put(RAW, "m/drop/june.csv", table(seed=2))
    replay.runs.move(run, status="rejected")
    replay.watch()
    assert [one.data["blob"] for one in replay.runs.find(replay.model)] == ["m/drop/june.csv", "m/drop/may.csv"]


def test_table_that_is_replaced_while_it_is_rewritten_is_not_written_over() -> None:
    replay = made()
    replay.storage.put(RAW, "m/drop/may.csv", table())
    other = table(seed=3)

    def replaced(operation: str, container: str, name: str) -> None:
        if (operation, container, name) == ("put", RAW, "m/drop/may.csv"):
            replay.storage.before = lambda *_: None
            replay.storage.put(RAW, "m/drop/may.csv", other)

    asked = erasures.ask(replay.storage, replay.clock, replay.model, KEY, queue="erasures")
    replay.storage.before = replaced
    assert erasing.carry_out(replay.registry, replay.clock, replay.model) == []
    assert replay.storage.get_from(RAW, "m/drop/may.csv", 0) == other
    for _ in range(3):
        erasing.carry_out(replay.registry, replay.clock, replay.model)
        replay.clock.advance(hours=3)
    assert erasures.find(replay.storage, replay.model, asked.id).rows == {"uploads": 1}
    assert KEY.encode() not in replay.storage.get_from(RAW, "m/drop/may.csv", 0)


def test_of_two_that_rewrite_one_table_at_once_the_second_goes_on_later() -> None:
    replay = made()
    upload(replay)
    (info,) = replay.storage.find(RAW, "m/first")

    def note(after: str) -> None:
        rewritten.note(replay.storage, "m/first", etag=info.etag, before="b", after=after, modified=info.modified)

    def meanwhile(operation: str, container: str, name: str) -> None:
        if operation == "put" and "/rewritten/" in name:
            replay.storage.before = lambda *_: None
            note("one")

    replay.storage.before = meanwhile
    with pytest.raises(Conflict, match="Another process rewrites 'm/first'"):
        note("two")
    known = rewritten.find(replay.storage, "m/first")
    assert known is not None
    assert known.hashes == ("b", "one")


def test_model_without_a_business_key_has_no_table_to_look_through() -> None:
    replay = Replay(Spec.from_json({"name": "m", "target": "y"}))
    replay.storage.now = replay.clock
    upload(replay)
    erase(replay)
    assert replay.storage.get_from(RAW, "m/first", 0) == table()
