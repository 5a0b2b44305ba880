"""A key that is erased is nowhere any more, what is not its own stays, and the receipt says what was done."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from deltalake import DeltaTable

from automl import erasures, events, quarantine
from automl.erasures import Receipt
from automl.errors import Unavailable
from automl.lake import datasets
from automl.lake.dataset_rows import Batch
from automl.lake.key_hashes import KeyHashes
from automl.lake.labelled import labelled_rows
from automl.log.reader import new_lines
from automl.log.rewriting import COPY, take_out
from automl.monitoring import erasing
from automl.monitoring import state as states
from automl.quarantine import Entry, Quarantine
from automl.settings import Settings
from automl.storage import CONTAINERS, CONTROL, LAKE, LOG, RAW
from automl.tensors import Tensors
from automl.training.heldout import Heldout, dump
from automl.training.kept import FILE, Kept
from automl.training.rowhash import row_hashes
from tests.support.keyed import indexed, part_names
from tests.support.lake import contents
from tests.support.memory import MemoryStorage
from tests.support.replay import Replay, append, prediction_line
from tests.support.thresholds import begun, copied, signature

KEY, OTHER = "order-4711", "order-4712"


def predict(replay: Replay, key: str | None, count: int = 1) -> list[str]:
    """Log predictions of a key; their ids."""
    now_ms = round(replay.clock().timestamp() * 1000)
    ids = replay.ids.mint(replay.model, count, now_ms)
    own = {} if key is None else {"key": key}
    fixed = {"version": "v1", "features": {"x": 0.7}, "prediction": 1, "probabilities": [0.3, 0.7]}
    lines = [prediction_line(id=one, **own, model=replay.model, at=now_ms, **fixed) for one in ids]
    append(replay.storage, replay.model, "predictions", replay.clock(), lines)
    return ids


def tell(replay: Replay, *names: dict[str, str]) -> None:
    now_ms = round(replay.clock().timestamp() * 1000)
    lines = [orjson.dumps({**name, "truth": 1, "at": now_ms, "received": now_ms}) for name in names]
    append(replay.storage, replay.model, "truth", replay.clock(), lines)


def dataset(replay: Replay, *keys: str | None) -> None:
    """Rows that a version was trained on."""
    count = len(keys)
    batch = Batch(
        signature=signature(),
        tensors=Tensors(num=np.arange(count, dtype=np.float64)[:, None], cat=np.empty((count, 0), dtype=object)),
        target=np.ones(count, dtype=np.int64),
        fingerprints=np.arange(count, dtype=np.uint64),
        sources=["table"] * count,
        ids=[None] * count,
        keys=keys,
    )
    datasets.add(replay.storage, replay.model, batch, replay.clock().date())


def lived() -> Replay:
    """Two keys that were predicted and became true, by key and by id; all of it watched, moved and trained on."""
    replay = begun(columns={"key": "order"})
    replay.runs.settings = Settings(lake="on")
    ids = predict(replay, KEY, 2)
    predict(replay, OTHER)
    nameless = predict(replay, None)
    tell(replay, {"key": OTHER}, {"id": ids[1]}, {"id": nameless[0]}, {"key": KEY})
    replay.clock.advance(hours=5)
    predict(replay, KEY)
    tell(replay, {"key": KEY}, {"key": "order-never-seen"})
    assert replay.watch().lake is None
    dataset(replay, KEY, None, OTHER, KEY)
    table = f"order,x,high\n{KEY},0.1,1\n{OTHER},0.2,0\n".encode()
    replay.storage.now = replay.clock
    replay.storage.put(RAW, f"{replay.model}/first", table)
    replay.storage.put(RAW, f"{replay.model}/first.aside.csv", f"line,reason,cells\n4,odd,{KEY},0.1\n".encode())
    replay.storage.put(RAW, f"{replay.model}/drop/may.csv", table)
    replay.storage.put(RAW, f"{replay.model}/drop/may.xlsx", b"PK\x03\x04" + table)
    return replay


def ask(replay: Replay, key: str = KEY) -> Receipt:
    return erasures.ask(replay.storage, replay.clock, replay.model, key, queue="train")


def look(replay: Replay) -> list[Receipt]:
    return erasing.carry_out(replay.registry, replay.clock, replay.model)


def carried_out(replay: Replay) -> Receipt:
    """The receipt once looks, each when it is due, have come to their end."""
    asked = ask(replay)
    for _ in range(4):
        look(replay)
        replay.clock.advance(hours=3)
    return erasures.find(replay.storage, replay.model, asked.id)


def holding(replay: Replay, text: str) -> list[str]:
    """Everything stored that has a text in it: blobs as they are, tables by their rows and by their history."""
    found = [
        f"{container}/{info.name}"
        for container in CONTAINERS
        for info in replay.storage.find(container)
        if text.encode() in replay.storage.get_from(container, info.name, 0)
    ]
    found += [
        f"{LAKE}/{name}"
        for name in ("predictions", "truth", "dataset")
        if text in repr(contents(replay.storage, replay.model, name))
    ]
    return found + [
        str(path) for path in Path(replay.storage.tables().root).rglob("*.json") if text in path.read_text()
    ]


def test_a_key_is_nowhere_any_more_but_in_what_cannot_be_read() -> None:
    replay = lived()
    assert len(holding(replay, KEY)) > 5
    receipt = carried_out(replay)
    assert holding(replay, KEY) == ["raw/steps/drop/may.xlsx"]
    assert receipt.status == "done"
    assert receipt.rows == {
        "lake/dataset": 2, "lake/predictions": 3, "lake/truth": 3, "log/predictions": 3, "log/truth": 3, "monitor": 3,
        "uploads": 3, "key index": 2,
    }  # fmt: skip
    assert indexed(replay.storage, replay.model, [KEY, OTHER]) == {OTHER}
    assert receipt.uploads == {"drop/may.xlsx": None}
    assert "Tables that cannot be read may have rows of the key: 'drop/may.xlsx'. Only their owner" in receipt.text
    assert not erasures.is_open(replay.storage, replay.model)


def test_data_files_that_held_a_key_are_gone_from_storage() -> None:
    replay = lived()
    carried_out(replay)
    for name in ("predictions", "truth", "dataset"):
        table = Path(replay.storage.tables().root, replay.model, name)
        stored = {str(path) for path in table.glob("date=*/*.parquet")}
        assert stored == set(DeltaTable(str(table)).file_uris())


def test_what_is_not_of_the_key_stays_and_is_still_joined() -> None:
    replay = lived()
    before = labelled_rows(replay.storage, replay.model)
    carried_out(replay)
    after = labelled_rows(replay.storage, replay.model)
    assert len(before) == 5
    assert set(after.keys) == {OTHER, None}
    assert [row["key"] for row in contents(replay.storage, replay.model, "dataset")] == [None, OTHER]
    assert states.load(replay.storage, replay.model).labelled == 2


def test_passes_go_on_where_they_were() -> None:
    replay = lived()
    carried_out(replay)
    before = states.load(replay.storage, replay.model).predictions
    predict(replay, OTHER, 3)
    report = replay.watch()
    assert (report.predictions, report.lake) == (3, None)
    assert report.truths == len(states.load(replay.storage, replay.model).pending) == 1  # it waits as it did
    assert states.load(replay.storage, replay.model).predictions == before + 3
    assert len(contents(replay.storage, replay.model, "predictions")) == 2 + 3


def test_the_hour_that_is_still_written_is_pending_and_done_when_it_is_closed() -> None:
    replay = lived()
    asked = ask(replay)
    (receipt,) = look(replay)
    assert (receipt.status, receipt.due) == ("pending", "2026-11-21T00:00:00.000Z")
    assert receipt.rows["log/predictions"] == 2
    assert "it is looked at again at 2026-11-21T00:00:00.000Z" in receipt.text
    assert look(replay) == []
    replay.clock.advance(hours=3)
    (receipt,) = look(replay)
    assert (receipt.status, receipt.rows["log/predictions"]) == ("pending", 3)
    replay.clock.advance(minutes=11)
    (receipt,) = look(replay)
    assert (receipt.id, receipt.status, receipt.due) == (asked.id, "done", None)
    (event,) = [one for one in events.history(replay.storage, replay.model) if one.kind == "erasure"]
    assert KEY not in orjson.dumps(event.to_json()).decode()


def test_a_key_that_is_predicted_again_is_new_data() -> None:
    replay = lived()
    ask(replay)
    replay.clock.advance(seconds=1)
    predict(replay, KEY)
    for _ in range(4):
        look(replay)
        replay.clock.advance(hours=3)
    replay.watch()
    assert [row["key"] for row in contents(replay.storage, replay.model, "predictions")].count(KEY) == 1

    assert indexed(replay.storage, replay.model, [KEY]) == {KEY}


def test_a_key_that_has_the_hash_of_another_leaves_that_in_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyHashes, "_digest", lambda *_: bytes(8))
    replay = lived()
    receipt = carried_out(replay)
    assert (receipt.status, receipt.rows["key index"]) == ("done", 1)  # of the hour that the other key is not in
    tell(replay, {"key": OTHER})
    replay.clock.advance(hours=1)
    replay.watch()
    assert [row["truth_number"] for row in contents(replay.storage, replay.model, "truth")] == [1.0] * 4


def test_a_key_is_taken_out_of_an_index_of_several_parts() -> None:
    replay = lived()
    predict(replay, OTHER)
    replay.watch()
    assert len(part_names(replay.storage, replay.model)) == 2
    receipt = carried_out(replay)
    assert (receipt.status, receipt.rows["key index"]) == ("done", 2)
    assert indexed(replay.storage, replay.model, [KEY, OTHER]) == {OTHER}


def test_a_pass_that_enters_an_erased_key_late_is_found_by_the_second_look() -> None:
    replay = lived()
    (name, *_) = part_names(replay.storage, replay.model)
    late = replay.storage.get_from(CONTROL, name, 0)
    asked = ask(replay)
    look(replay)
    assert indexed(replay.storage, replay.model, [KEY, OTHER]) == {KEY, OTHER}  # KEY: of the hour still open
    replay.storage.put(CONTROL, name, late)
    for _ in range(4):
        replay.clock.advance(hours=3)
        look(replay)
    assert erasures.find(replay.storage, replay.model, asked.id).status == "done"
    assert indexed(replay.storage, replay.model, [KEY, OTHER]) == {OTHER}


def test_no_receipt_holds_the_key_and_equal_keys_have_other_hashes() -> None:
    replay = lived()
    receipts = [ask(replay), ask(replay)]
    assert len({receipt.key_hash for receipt in receipts}) == 2
    assert KEY not in repr([receipt.to_json() for receipt in receipts])
    stored = [info.name for info in replay.storage.find(CONTROL, f"{replay.model}/erasures/")]
    assert all(KEY.encode() not in replay.storage.get_from(CONTROL, name, 0) for name in stored)
    assert KEY not in "".join(replay.storage.queues["train"])


def test_an_erasure_that_is_asked_for_twice_finds_nothing_the_second_time() -> None:
    replay = lived()
    carried_out(replay)
    assert carried_out(replay).rows == {}


def test_a_look_reads_every_log_blob_once_and_again_only_to_rewrite_and_index_it() -> None:
    replay = lived()
    replay.clock.advance(hours=5)
    ask(replay)
    read: Counter[str] = Counter()

    def before(operation: str, container: str, name: str) -> None:
        if container == LOG and operation in ("get", "get_from"):
            read[name] += 1

    predict(replay, OTHER)  # a blob of the open hour, and none of the key
    replay.storage.before = before
    look(replay)
    replay.storage.before = lambda *_: None
    blobs = {info.name for info in replay.storage.find(LOG)}
    rewritten = {name for name in blobs if b"\n\n" in replay.storage.get_from(LOG, name, 0)}
    assert len(rewritten) == 4
    indexed_anew = {name for name in rewritten if "/predictions/" in name}
    assert read == {name: 1 + (name in rewritten) + (name in indexed_anew) for name in blobs}


def test_a_truth_held_back_by_its_key_is_forgotten_by_name() -> None:
    replay = lived()
    common: dict[str, Any] = {"since_ms": 0, "until_ms": 1, "reasons": ("values",), "text": "", "at": ""}
    entries = (
        Entry(id="both", names=(KEY, OTHER), **common),
        Entry(id="alone", names=(KEY,), **common),
        Entry(id="hour", **common),
    )
    quarantine.save(replay.storage, replay.model, Quarantine(entries=entries))
    carried_out(replay)
    left = quarantine.load(replay.storage, replay.model).entries
    assert [(entry.id, entry.names) for entry in left] == [("both", (OTHER,)), ("hour", ())]


def test_a_request_whose_receipt_was_lost_gets_one() -> None:
    replay = lived()
    asked = ask(replay)
    replay.storage.delete(CONTROL, f"{replay.model}/erasures/{asked.id}.json")
    (receipt,) = look(replay)
    assert (receipt.id, receipt.key_hash) == (asked.id, asked.key_hash)


def twin(replay: Replay) -> Replay:
    """The same model in another account."""
    other = Replay(replay.spec, storage=copied(replay.storage), settings=Settings(lake="on"))
    other.clock.now = replay.clock.now
    other.storage.now = other.clock
    return other


def left(replay: Replay) -> dict[str, Any]:
    """What a model has once an erasure has come to its end."""
    (receipt,) = erasures.all_of(replay.storage, replay.model)
    state = states.load(replay.storage, replay.model)
    return {
        "receipt": (receipt.status, receipt.rows, receipt.uploads, receipt.text),
        "holding": holding(replay, KEY),
        "indexed": indexed(replay.storage, replay.model, [KEY, OTHER]),
        "tables": [contents(replay.storage, replay.model, name) for name in ("predictions", "truth", "dataset")],
        "blobs": {
            info.name: replay.storage.get_from(container, info.name, 0)
            for container in (LOG, RAW)
            for info in replay.storage.find(container)
        },
        "state": (state.labelled, state.predictions, state.pending, state.counts),
        "events": [event.kind for event in events.history(replay.storage, replay.model)],
    }


def erased(replay: Replay, *, dead_from: int = 0) -> int:
    """Have the key erased, with a pass of the monitor behind each look.

    Parameters
    ----------
    dead_from
        Number of the operation on storage at which the process dies that looks; nothing: it lives.

    Returns
    -------
    How many operations all looks took.
    """
    ask(replay)
    operations = 0

    def before(*_: str) -> None:
        nonlocal operations
        operations += 1
        if 0 < dead_from <= operations:
            raise Unavailable("dead")

    while erasures.is_open(replay.storage, replay.model):
        replay.storage.before = before
        with suppress(Unavailable):
            look(replay)
        replay.storage.before = lambda *_: None
        if 0 < dead_from <= operations:
            dead_from = 0  # another process takes it up
        replay.watch()
        replay.clock.advance(hours=3)
    return operations


def test_an_erasure_that_dies_at_any_operation_comes_to_the_same() -> None:
    start = lived()
    quiet = twin(start)
    operations = erased(quiet)
    assert operations > 100
    assert left(quiet)["receipt"][0] == "done"
    for step in range(1, operations + 1):
        replay = twin(start)
        erased(replay, dead_from=step)
        assert left(replay) == left(quiet), f"dying at operation {step} of {operations}"


def test_a_blob_that_a_line_is_taken_out_of_keeps_its_length_and_its_other_lines() -> None:
    replay = begun()
    blob = f"{replay.model}/truth/2026-11-20/16/x.jsonl"
    replay.storage.append(LOG, blob, b'{"a":1}\n{"b":2}\n{"c"', at=0)
    take_out(replay.storage, blob, lambda line: b"b" in line)
    assert replay.storage.get_from(LOG, blob, 0) == b'{"a":1}\n\n\n\n\n\n\n\n\n{"c"'
    assert not [info for info in replay.storage.find(LOG) if info.name.endswith(COPY)]


def test_while_a_line_is_taken_out_every_reader_finds_the_others() -> None:
    storage, model = MemoryStorage(), "erased"
    blob = f"{model}/truth/2026-11-20/16/x.jsonl"
    storage.append(LOG, blob, b'{"a":1}\n{"b":2}\n{"c":3}\n', at=0)
    seen: list[set[bytes]] = []

    def look(*_: str) -> None:
        storage.before = lambda *_: None
        seen.append({line for _, _, lines in new_lines(storage, model, "truth", {}) for line in lines})
        storage.before = look

    storage.before = look
    take_out(storage, blob, lambda line: b"b" in line)
    assert len(seen) == 5
    assert all(lines >= {b'{"a":1}', b'{"c":3}'} for lines in seen)


def test_versions_that_learned_from_the_key_are_named_with_what_their_holdout_has() -> None:
    replay = lived()
    target, numbers = np.ones(4, dtype=np.int64), np.arange(4, dtype=np.int64)
    tensors = Tensors(num=np.arange(4, dtype=np.float64)[:, None], cat=np.empty((4, 0), dtype=object))
    hashes = row_hashes(signature(), tensors, target)
    rows = Kept(version=1, numbers=numbers, hashes=hashes)
    held = Heldout(tensors=tensors[numbers[:2]], truth=target[:2], hashes=hashes[:2])
    for version, own in (("v2", rows), ("v3", rows[numbers[1:3]])):
        files = {
            FILE: own.to_file(),
            "signature.json": orjson.dumps(signature().to_json()),
            "holdout.npz": dump(held, seed=0),
        }
        replay.registry.publish(replay.model, version, files, {"run_id": version})
    receipt = carried_out(replay)
    assert receipt.versions == [{"version": "v2", "rows": 2, "holdout_rows": 1}]
    assert "Versions that learned from its rows stay as they are: v2." in receipt.text
