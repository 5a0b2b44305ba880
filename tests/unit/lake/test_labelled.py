from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from automl.lake.labelled import labelled_rows
from automl.log.ids import Ids
from automl.log.reader import hour_of
from automl.storage import LOG
from tests.support.memory import MemoryStorage

T0 = int(datetime(2026, 11, 20, 16, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
MODEL = "adult"


class Log:
    """Writes prediction and truth lines as serving does, one blob an hour."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self._ids = Ids(bytes(32))

    def predicted(self, at: int, prediction: Any = "a", *, written: int | None = None, **more: Any) -> str:
        made = self._ids.mint(MODEL, 1, at)[0]
        key = {"key": more.pop("key")} if "key" in more else {}
        record = {"id": made, **key, "model": MODEL, "version": "v1", "role": "champion", "at": at}
        record |= {"features": {"x": 1.5}, "prediction": prediction, "probabilities": None, "latency_us": 9} | more
        self._write("predictions", at if written is None else written, orjson.dumps(record))
        return made

    def told(self, truth: Any, *, at: int, received: int | None = None, **name: str) -> None:
        received = at if received is None else received
        record = {**name, "truth": truth, "at": at, "received": received}
        self._write("truth", received, orjson.dumps(record))

    def _write(self, kind: str, when: int, line: bytes) -> None:
        name = f"{MODEL}/{kind}/{hour_of(datetime.fromtimestamp(when / 1000, UTC))}/a-1.jsonl"
        here = name in [info.name for info in self.storage.find(LOG)]
        self.storage.append(LOG, name, line + b"\n", at=self.storage.size(LOG, name) if here else 0)


@pytest.fixture
def log() -> Log:
    return Log()


def test_rows_come_in_the_order_of_their_predictions_with_everything_known_of_them(log: Log) -> None:
    second = log.predicted(T0 + 5, "b")
    first = log.predicted(T0 + 1, "a", features={"x": None})
    log.predicted(T0 + 3, "never told")
    log.told("b", at=T0 + HOUR, id=second)
    log.told("c", at=T0 + 9 * HOUR, id=first)
    rows = labelled_rows(log.storage, MODEL)
    assert rows.ids == [first, second]
    assert rows.at_ms.tolist() == [T0 + 1, T0 + 5]
    assert rows.features == [{"x": None}, {"x": 1.5}]
    assert (rows.predictions, rows.truths, rows.versions) == (["a", "b"], ["c", "b"], ["v1", "v1"])
    assert len(rows) == 2
    assert rows.orphans == 0


def test_truth_sent_twice_counts_once(log: Log) -> None:
    made = log.predicted(T0)
    log.told("b", at=T0 + 1, id=made)
    log.told("b", at=T0 + 1, id=made)
    assert labelled_rows(log.storage, MODEL).truths == ["b"]


def test_the_latest_at_wins_and_then_the_later_receipt(log: Log) -> None:
    made = log.predicted(T0)
    log.told("right", at=T0 + 50, received=T0 + 60, id=made)
    log.told("older, but received later", at=T0 + 40, received=T0 + 70, id=made)
    assert labelled_rows(log.storage, MODEL).truths == ["right"]
    log.told("corrected", at=T0 + 50, received=T0 + 80, id=made)
    assert labelled_rows(log.storage, MODEL).truths == ["corrected"]


def test_prediction_logged_twice_is_one_row(log: Log) -> None:
    made = log.predicted(T0, "a")
    log.predicted(T0, "a", id=made)
    log.told("b", at=T0 + 1, id=made)
    assert labelled_rows(log.storage, MODEL).ids == [made]


def test_truth_without_a_prediction_is_an_orphan(log: Log) -> None:
    log.predicted(T0)
    log.told("b", at=T0, id=Ids(bytes(32)).mint(MODEL, 1, T0)[0])
    rows = labelled_rows(log.storage, MODEL)
    assert (len(rows), rows.orphans) == (0, 1)


def test_what_a_challenger_answered_is_labelled_like_the_champions_rows(log: Log) -> None:
    made = log.predicted(T0, role="challenger", version="v2")
    log.told("b", at=T0, id=made)
    rows = labelled_rows(log.storage, MODEL)
    assert (rows.ids, rows.versions) == ([made], ["v2"])


def test_prediction_written_in_the_hour_after_it_was_made_is_found(log: Log) -> None:
    made = log.predicted(T0 + HOUR - 1, written=T0 + HOUR)
    log.told("b", at=T0 + HOUR, id=made)
    assert labelled_rows(log.storage, MODEL).ids == [made]


def test_only_hours_near_the_ids_are_read(log: Log) -> None:
    for hour in range(48):
        made = log.predicted(T0 + hour * HOUR)
        if hour == 20:
            log.told("b", at=T0 + 30 * HOUR, id=made)
    read: list[str] = []
    log.storage.before = lambda operation, _, name: read.append(name) if operation == "get_from" else None
    assert len(labelled_rows(log.storage, MODEL)) == 1
    assert [name.split("/")[1] for name in read] == ["truth", "predictions", "predictions", "predictions"]


def test_period_bounds_predictions_and_the_receipt_of_truth(log: Log) -> None:
    made = [log.predicted(T0 + n * HOUR) for n in range(4)]
    for name in made:
        log.told("b", at=T0 + 4 * HOUR, id=name)
    log.told("too late to count", at=T0 + 5 * HOUR, id=made[1])
    rows = labelled_rows(log.storage, MODEL, since_ms=T0 + HOUR, until_ms=T0 + 5 * HOUR)
    assert (rows.ids, rows.truths) == (made[1:], ["b"] * 3)
    assert labelled_rows(log.storage, MODEL, until_ms=T0 + HOUR).ids == []
    later = labelled_rows(log.storage, MODEL, since_ms=T0 + 3 * HOUR)
    assert (later.ids, later.orphans) == (made[3:], 0)


def test_truth_by_business_key_reaches_every_prediction_of_the_key(log: Log) -> None:
    first = log.predicted(T0, key="order-7")
    second = log.predicted(T0 + 30 * HOUR, key="order-7")
    log.predicted(T0, key="order-8")
    log.predicted(T0)
    log.told("b", at=T0 + 40 * HOUR, key="order-7")
    rows = labelled_rows(log.storage, MODEL)
    assert (rows.ids, rows.truths) == ([first, second], ["b", "b"])


def test_the_later_of_truth_by_key_and_by_id_wins(log: Log) -> None:
    made = log.predicted(T0, key="order-7")
    log.told("by key", at=T0 + 1, key="order-7")
    log.told("by id", at=T0 + 2, id=made)
    assert labelled_rows(log.storage, MODEL).truths == ["by id"]
    log.told("by key again", at=T0 + 3, key="order-7")
    assert labelled_rows(log.storage, MODEL).truths == ["by key again"]


def test_torn_lines_are_passed_over(log: Log) -> None:
    made = log.predicted(T0)
    log.told("b", at=T0, id=made)
    for kind, text in (("predictions", b'{"id":"' + made.encode() + b'","mod\n'), ("truth", b'{"id":"019\n')):
        log.storage.append(LOG, f"{MODEL}/{kind}/2026-11-20/16/b-1.jsonl", text, at=0)
    assert labelled_rows(log.storage, MODEL).truths == ["b"]


def test_model_without_a_log_has_no_rows() -> None:
    assert len(labelled_rows(MemoryStorage(), MODEL)) == 0
