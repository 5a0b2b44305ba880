"""An erasure on real storage: append blobs change, tables lose the files that held a key."""

from __future__ import annotations

import pytest

from automl import erasures
from automl.log.rewriting import take_out
from automl.monitoring import erasing
from automl.registry import Registry
from automl.storage import LAKE, LOG, Precondition
from tests.integration.test_lake import copied, passed, real
from tests.support.lake import contents
from tests.unit.monitoring.test_erasing import KEY, OTHER, lived


def test_a_line_is_taken_out_of_an_append_blob_and_nobody_appends_to_it_again(azurite_connection: str) -> None:
    storage, blob = real(azurite_connection), "erased/truth/2026-11-20/16/x.jsonl"
    storage.append(LOG, blob, b'{"a":1}\n{"b":2}\n', at=0)
    take_out(storage, blob, lambda line: b"b" in line)
    assert storage.get_from(LOG, blob, 0) == b'{"a":1}\n' + b"\n" * 8
    with pytest.raises(Precondition):
        storage.append(LOG, blob, b"{}\n", at=16)
    assert [info.name for info in storage.find(LOG, "erased/")] == [blob]


def test_a_key_is_erased_from_log_and_lake(azurite_connection: str) -> None:
    storage, replay, model = real(azurite_connection), lived(), "erasing"
    copied(replay.storage, replay.model, storage, model)
    assert passed(storage, replay, model).lake is None
    asked = erasures.ask(storage, replay.clock, model, KEY, queue="train")
    for _ in range(3):
        erasing.carry_out(Registry(storage, replay.clock), replay.clock, model)
        replay.clock.advance(hours=3)
    receipt = erasures.find(storage, model, asked.id)
    assert receipt.status == "done"
    assert {name: receipt.rows[name] for name in ("lake/predictions", "log/predictions")} == {
        "lake/predictions": 3,
        "log/predictions": 3,
    }
    assert {row["key"] for row in contents(storage, model, "predictions")} == {OTHER, None}
    assert not [
        info for info in storage.find(LOG, f"{model}/") if KEY.encode() in storage.get_from(LOG, info.name, 0)
    ]
    files = [info for info in storage.find(LAKE, f"{model}/predictions/") if info.name.endswith(".parquet")]
    assert len([info for info in files if "_delta_log" not in info.name]) == 1
