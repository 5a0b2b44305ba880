"""The lake on real storage: other readers read it, and a pass that dies between any two requests does no harm."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from automl import account
from automl.errors import EvergreenError
from automl.monitoring.passes import Report, monitor_pass
from automl.registry import Registry
from automl.runs import Runs
from automl.settings import Settings
from automl.storage import CONTAINERS, LAKE, LOG, AzureStorage, Storage
from tests.support.cutting import Proxy, cutting
from tests.support.lake import contents
from tests.support.replay import Replay
from tests.support.thresholds import begun, told

KINDS = ("predictions", "truth")
LAKE_PATH = f"/devstoreaccount1/{LAKE}"
STRIDE = 5
"""Every so many requests a pass dies: with 1 the test takes minutes, and passes as well."""


def passed(storage: Storage, replay: Replay, model: str) -> Report:
    """One pass over a model in real storage."""
    settings = Settings(lake="on")
    runs = Runs(storage, replay.clock, settings)
    return monitor_pass(storage, Registry(storage, replay.clock), runs, replay.clock, model)


def real(connection: str) -> AzureStorage:
    storage = AzureStorage(Settings(storage=connection), retries=0)
    storage.create_containers()
    return storage


def copied(source: Storage, before: str, target: Storage, after: str) -> None:
    """Everything of a model under another name."""
    for container in CONTAINERS:
        for info in source.find(container, f"{before}/"):
            blob = source.get(container, info.name)
            assert blob is not None
            name = f"{after}/{info.name.removeprefix(f'{before}/')}"
            if container == LOG:
                target.append(container, name, blob.data, at=0)
            else:
                target.put(container, name, blob.data)


@pytest.fixture(scope="module")
def replay() -> Replay:
    """A model with a log that nobody has watched yet."""
    made = begun()
    told(made, 120, concept=0.5, seed=1)
    return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is dead is not asked again."""
    monkeypatch.setattr(account, "_PATIENCE", {"max_retries": "0"})


@pytest.fixture
def cut(azurite_connection: str) -> Iterator[tuple[Proxy, AzureStorage]]:
    """A storage whose requests to the lake are counted and can be cut off."""
    with cutting(azurite_connection) as proxy:
        yield proxy, real(proxy.connection)


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
def test_pass_that_dies_at_a_request_to_the_lake_leaves_what_a_quiet_run_leaves(
    cut: tuple[Proxy, AzureStorage], replay: Replay
) -> None:
    proxy, storage = cut
    base = "base"
    copied(replay.storage, replay.model, storage, base)
    copied(storage, base, storage, f"{base}-quiet")
    proxy.begin(LAKE_PATH)
    assert passed(storage, replay, f"{base}-quiet").lake is None
    quiet, requests = rows(storage, f"{base}-quiet"), proxy.seen()
    assert requests > 10
    assert [len(quiet[kind]) for kind in KINDS] == [120, 120]
    deaths = 0
    for step in range(1, requests + 1, STRIDE):
        model = f"{base}-{step}"
        proxy.begin()
        copied(storage, base, storage, model)
        proxy.begin(LAKE_PATH, dead_from=step)
        deaths += died(storage, replay, model)
        proxy.begin()
        assert passed(storage, replay, model).lake is None
        assert rows(storage, model) == quiet, f"dying at request {step}"
    assert deaths > 4  # the last requests look for what may be removed, and may fail


def died(storage: Storage, replay: Replay, model: str) -> bool:
    try:
        return passed(storage, replay, model).lake is not None
    except EvergreenError:
        return True


def test_write_whose_answer_was_lost_is_made_once(cut: tuple[Proxy, AzureStorage], replay: Replay) -> None:
    proxy, storage = cut
    copied(replay.storage, replay.model, storage, "lost-0")
    proxy.begin(LAKE_PATH, "PUT")
    passed(storage, replay, "lost-0")
    quiet, writes = rows(storage, "lost-0"), proxy.seen()
    for number in range(1, writes + 1):
        model = f"lost-{number}"
        copied(replay.storage, replay.model, storage, model)
        proxy.begin(LAKE_PATH, "PUT", lost=number)
        passed(storage, replay, model)
        proxy.begin()
        assert passed(storage, replay, model).lake is None
        assert rows(storage, model) == quiet, f"losing the answer to write {number}"
