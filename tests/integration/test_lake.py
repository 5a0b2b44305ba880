"""The lake on real storage: other readers read its tables where they are."""

from __future__ import annotations

import os

import pytest

from automl.monitoring.passes import Report, monitor_pass
from automl.registry import Registry
from automl.runs import Runs
from automl.settings import Settings
from automl.storage import CONTAINERS, LOG, AzureStorage, Storage
from tests.support.replay import Replay
from tests.support.thresholds import begun, told


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
