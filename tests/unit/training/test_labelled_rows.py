from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import numpy as np
import orjson
import pytest

from automl.events import iso
from automl.log.ids import Ids
from automl.signature import Feature, Signature
from automl.storage import MODELS
from automl.training.labelled import Added, read_labelled
from automl.values import MISSING
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.replay import append, prediction_line

MODEL = "shop"
SIGNATURE = Signature(
    features=(Feature(name="age", type="number"), Feature(name="plan", type="category")),
    target="y",
    task="classification",
    classes=("no", "yes"),
)


class Log:
    """Predictions and their truths, one a minute unless told otherwise."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.clock = FixedClock()
        self.ids = Ids(b"k" * 32)

    def add(self, features: dict[str, Any], truth: Any, *, minutes: float = 1) -> str:
        ms = round(self.clock().timestamp() * 1000)
        (name,) = self.ids.mint(MODEL, 1, ms)
        line = prediction_line(id=name, model=MODEL, version="v1", at=ms, features=features, prediction="no")
        append(self.storage, MODEL, "predictions", self.clock(), [line])
        told = orjson.dumps({"id": name, "truth": truth, "at": ms, "received": ms})
        append(self.storage, MODEL, "truth", self.clock(), [told])
        moment = iso(self.clock())
        self.clock.advance(minutes=minutes)
        return moment

    def read(self, *, hold_back: int, **period: str) -> Added:
        until = iso(self.clock() + timedelta(hours=1))
        request = {"until": until, **period}
        return read_labelled(self.storage, MODEL, SIGNATURE, request, hold_back=hold_back)


@pytest.fixture
def log() -> Log:
    return Log()


def test_the_newest_rows_are_held_back(log: Log) -> None:
    moments = [log.add({"age": row, "plan": "a"}, "yes" if row % 2 else "no") for row in range(10)]
    added = log.read(hold_back=3)
    assert added.tensors.num[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert added.target.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert (added.newest, added.held_from, added.held_rows) == (moments[6], moments[7], 3)


def test_never_more_than_half_of_the_rows_is_held_back(log: Log) -> None:
    for row in range(10):
        log.add({"age": row, "plan": "a"}, "yes")
    assert log.read(hold_back=500).held_rows == 5


def test_rows_of_one_millisecond_are_held_back_together(log: Log) -> None:
    moments = [log.add({"age": row, "plan": "a"}, "yes", minutes=row not in (5, 6)) for row in range(10)]
    added = log.read(hold_back=3)
    assert added.held_rows == 5
    assert added.newest == moments[4]


def test_nothing_is_trained_on_when_all_rows_are_of_one_millisecond(log: Log) -> None:
    moments = [log.add({"age": row, "plan": "a"}, "yes", minutes=0) for row in range(4)]
    added = log.read(hold_back=1)
    assert len(added.target) == 0
    assert added.newest is not None
    assert added.newest < moments[0] == added.held_from


def test_a_period_without_rows_gives_none(log: Log) -> None:
    added = log.read(hold_back=3)
    assert (len(added.target), added.newest, added.held_from) == (0, None, None)
    assert added.tensors.num.shape == (0, 1)


def test_only_the_period_that_was_asked_for_is_read(log: Log) -> None:
    moments = [log.add({"age": row, "plan": "a"}, "yes") for row in range(6)]
    added = log.read(hold_back=0, since=moments[2], until=moments[4])
    assert added.tensors.num[:, 0].tolist() == [2, 3]
    assert added.to_json({"until": moments[4], "since": moments[2]}) == {
        "since": moments[2], "until": moments[4], "held_from": None, "rows": 2, "held_rows": 0, "unfit_rows": 0,
            "redacted_rows": 0,
    }  # fmt: skip


def test_columns_that_were_not_logged_are_missing_and_strange_ones_are_not_read(log: Log) -> None:
    log.add({"plan": "a", "retired column": 1}, "yes")
    added = log.read(hold_back=0)
    assert np.isnan(added.tensors.num).all()
    assert added.tensors.cat.tolist() == [["a"]]


def test_rows_that_the_new_signature_cannot_read_are_left_out_and_counted(log: Log) -> None:
    log.add({"age": 1, "plan": "a"}, "yes")
    log.add({"age": "once it was text", "plan": "a"}, "yes")
    log.add({"age": 3, "plan": "b"}, "a class of old")
    log.add({"age": 4, "plan": "c"}, "no")
    added = log.read(hold_back=0)
    assert added.tensors.num[:, 0].tolist() == [1, 4]
    assert added.target.tolist() == [1, 0]
    assert added.unfit == 2


def test_a_row_that_was_logged_without_a_column_its_version_reads_is_left_out(log: Log) -> None:
    data = {"name": MODEL, "target": "y", "signature": "v1"}
    log.storage.put(MODELS, f"{MODEL}/v1/signature.json", orjson.dumps(SIGNATURE.to_json()))
    hashes = {"signature.json": hashlib.sha256(orjson.dumps(SIGNATURE.to_json())).hexdigest()}
    log.storage.put(MODELS, f"{MODEL}/v1/manifest.json", orjson.dumps({**data, "format": 1, "files": hashes}))
    log.add({"age": 1, "plan": "a"}, "yes")
    log.add({"age": 2}, "yes")
    log.add({}, "no")
    added = log.read(hold_back=0)
    assert added.tensors.num[:, 0].tolist() == [1]
    assert added.redacted == 2


def test_a_column_that_the_version_of_a_row_did_not_read_is_new_and_missing(log: Log) -> None:
    log.add({"age": 2}, "yes")
    added = log.read(hold_back=0)
    assert (added.redacted, added.tensors.cat[:, 0].tolist()) == (0, [MISSING])
