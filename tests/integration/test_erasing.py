"""An erasure on real storage: append blobs change, tables lose the files that held a key."""

from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet as pq
import pytest

from automl import erasures
from automl.azure_storage import AzureStorage
from automl.erasures import Receipt
from automl.log.rewriting import take_out
from automl.monitoring import erasing
from automl.registry import Registry
from automl.storage import LAKE, LOG, Precondition
from tests.integration.conftest import LAKE_PATH, Cut, copied, passed, real
from tests.support.clock import FixedClock
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


def stored_keys(storage: AzureStorage, model: str) -> set[str]:
    """The keys in data files of the lake, those that no version of a table names any more included."""
    found: set[str] = set()
    for info in storage.find(LAKE, f"{model}/"):
        if "/date=" in info.name:
            found |= set(
                pq.read_table(io.BytesIO(storage.get_from(LAKE, info.name, 0)), columns=["key"])["key"].to_pylist()
            )
    return found - {None}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("method", ["PUT", "POST"])  # files are removed by POST, many at once
def test_an_erasure_that_dies_at_any_write_to_the_lake_comes_to_the_same(cut: Cut, method: str) -> None:
    replay = lived()

    def begun(step: int) -> str:
        model = cut.model(replay, f"erasing-{method.lower()}-{step}")
        assert passed(cut.whole, replay, model).lake is None
        erasures.ask(cut.whole, replay.clock, model, KEY, queue="train")
        cut.proxy.begin(LAKE_PATH, method, dead_from=step)
        return model

    def look(storage: AzureStorage, model: str, clock: FixedClock) -> Receipt:
        erasing.carry_out(Registry(storage, clock), clock, model)
        (receipt,) = erasures.all_of(cut.whole, model)
        return receipt

    def left(model: str) -> tuple[Any, ...]:
        clock = FixedClock(replay.clock.now)
        for _ in range(3):
            receipt = look(cut.whole, model, clock)
            clock.advance(hours=3)
        tables = [contents(cut.whole, model, name) for name in ("predictions", "truth")]
        return receipt.status, receipt.rows, tables, stored_keys(cut.whole, model)

    model = begun(0)
    look(cut.storage, model, replay.clock)
    writes = cut.proxy.seen()
    quiet = left(model)
    assert (quiet[0], quiet[3], writes > 1) == ("done", {OTHER, "order-never-seen"}, True)
    for step in range(1, writes + 1):
        model = begun(step)
        assert look(cut.storage, model, replay.clock).finished is None
        cut.proxy.begin()
        assert left(model) == quiet, f"dying at write {step} of {writes}"
