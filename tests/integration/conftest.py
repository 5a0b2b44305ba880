"""A model in real storage, and storage whose requests to the lake can be cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from automl import account
from automl.azure_storage import AzureStorage
from automl.monitoring.passes import Report, monitor_pass
from automl.registry import Registry
from automl.runs import Runs
from automl.settings import Settings
from automl.storage import CONTAINERS, LAKE, LOG, Storage
from tests.support.cutting import Proxy, cutting
from tests.support.replay import Replay

LAKE_PATH = f"/devstoreaccount1/{LAKE}"


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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is dead is not asked again."""
    monkeypatch.setattr(account, "_PATIENCE", {"max_retries": "0"})


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A storage whose requests to the lake are counted and can be cut off, and the same one as it is."""

    proxy: Proxy
    storage: AzureStorage
    whole: AzureStorage

    def model(self, replay: Replay, name: str) -> str:
        """A copy of the model that nobody has watched yet."""
        self.proxy.begin()
        copied(replay.storage, replay.model, self.whole, name)
        return name


@pytest.fixture
def cut(azurite_connection: str) -> Iterator[Cut]:
    with cutting(azurite_connection) as proxy:
        yield Cut(proxy=proxy, storage=real(proxy.connection), whole=real(azurite_connection))
