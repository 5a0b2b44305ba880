"""The lake on real storage: other readers read it, and a pass that dies at any of its writes does no harm."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest

from automl.errors import EvergreenError
from automl.lake import delta
from automl.monitoring import ingest
from automl.storage import LOG, Storage
from tests.integration.conftest import LAKE_PATH, Cut, copied, passed, real
from tests.support.lake import contents
from tests.support.replay import Replay
from tests.support.thresholds import begun, told

KINDS = ("predictions", "truth")
TRUTHS_A_DAY = 60
FEW, DAYS = 6, 5
"""Days after which the tables have a checkpoint, and after which they have another."""


@pytest.fixture(scope="module")
def replay() -> Replay:
    """A model with a log that nobody has watched yet."""
    made = begun()
    told(made, 120, concept=0.5, seed=1)
    return made


def rows(storage: Storage, model: str) -> dict[str, list[dict[str, Any]]]:
    return {kind: contents(storage, model, kind) for kind in KINDS}


def test_polars_reads_the_tables_where_they_are(azurite_connection: str, replay: Replay) -> None:
    import polars as pl

    storage = real(azurite_connection)
    copied(replay.storage, replay.model, storage, "polars")
    assert passed(storage, replay, "polars").lake is None
    tables = storage.tables()
    options = {name: value for name, value in tables.options.items() if name.startswith(("azure_", "use_"))}
    os.environ["AZURITE_BLOB_STORAGE_URL"] = str(tables.emulator)
    predictions = pl.scan_delta(f"{tables.root}/polars/predictions", storage_options=options)
    truth = pl.scan_delta(f"{tables.root}/polars/truth", storage_options=options)
    joined = predictions.join(truth, on="id").filter(pl.col("date") == pl.date(2026, 11, 20)).collect()
    assert joined.height == 120
    right = (joined["prediction_number"] == joined["truth_number"]).mean()
    assert right == pytest.approx(0.95, abs=0.04)
    assert joined["feature_x"].is_between(0, 1).all()


@pytest.mark.usefixtures("impatient")
def test_pass_that_dies_at_any_write_to_the_lake_leaves_what_a_quiet_run_leaves(cut: Cut, replay: Replay) -> None:
    """What is stored changes by writes alone, so a death at any request between two of them is one at the second."""
    quiet, writes = watched(cut, replay, "quiet")
    assert [len(quiet[kind]) for kind in KINDS] == [120, 120]
    assert writes > 5
    for step in range(1, writes + 1):
        model = cut.model(replay, f"dead-{step}")
        cut.proxy.begin(LAKE_PATH, "PUT", dead_from=step)
        assert died(cut.storage, replay, model)
        cut.proxy.begin()
        assert passed(cut.storage, replay, model).lake is None
        assert rows(cut.whole, model) == quiet, f"dying at write {step}"


def watched(cut: Cut, replay: Replay, name: str) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """What a quiet pass leaves in the lake, and how many writes that took."""
    model = cut.model(replay, name)
    cut.proxy.begin(LAKE_PATH, "PUT")
    assert passed(cut.storage, replay, model).lake is None
    writes = cut.proxy.seen()
    return rows(cut.whole, model), writes


def died(storage: Storage, replay: Replay, model: str) -> bool:
    try:
        return passed(storage, replay, model).lake is not None
    except EvergreenError:
        return True


def test_write_whose_answer_was_lost_is_made_once(cut: Cut, replay: Replay) -> None:
    quiet, writes = watched(cut, replay, "lost-0")
    for number in range(1, writes + 1):
        model = cut.model(replay, f"lost-{number}")
        cut.proxy.begin(LAKE_PATH, "PUT", lost=number)
        passed(cut.storage, replay, model)
        cut.proxy.begin()
        assert passed(cut.storage, replay, model).lake is None
        assert rows(cut.whole, model) == quiet, f"losing the answer to write {number}"


@pytest.mark.parametrize("step", [ingest.STEP_TRUTHS, TRUTHS_A_DAY])
def test_pass_asks_no_more_of_storage_however_many_days_there_were(
    cut: Cut, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Requests of the whole account, in days that are alike; where a day is a step, another finds nothing more."""
    monkeypatch.setattr(ingest, "STEP_TRUTHS", step)
    monkeypatch.setitem(delta.PROPERTIES, "delta.checkpointInterval", str(DAYS))
    replay = begun()
    model = cut.model(replay, f"days-{step}")
    asked = [requests_of_a_day(cut, replay, model, day) for day in range(FEW + 4 * DAYS)]
    assert max(asked[-DAYS:]) <= max(asked[FEW : FEW + DAYS]), asked
    assert [len(found) for found in rows(cut.whole, model).values()] == [len(asked) * TRUTHS_A_DAY] * 2


def requests_of_a_day(cut: Cut, replay: Replay, model: str, day: int) -> int:
    """How many requests the pass makes that reads a day's rows."""
    known = {info.name for info in replay.storage.find(LOG)}
    told(replay, TRUTHS_A_DAY, concept=0.5, seed=day)
    for info in replay.storage.find(LOG):
        if info.name not in known:
            name = f"{model}/{info.name.removeprefix(f'{replay.model}/')}"
            cut.whole.append(LOG, name, replay.storage.get_from(LOG, info.name, 0), at=0)
    replay.clock.now = replay.clock.now.replace(hour=12) + timedelta(days=1)
    cut.proxy.begin()
    report = passed(cut.storage, replay, model)
    assert (report.truths, report.lake) == (TRUTHS_A_DAY, None)
    return cut.proxy.seen()
