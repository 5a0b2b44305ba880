"""A train message carried out by a real child process over Azurite."""

from __future__ import annotations

import uuid

import pytest

from automl import bootstrap, requests, spec
from automl.azure_storage import AzureStorage
from automl.run import Cause
from automl.scoring import loading
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import RAW
from automl.training.worker import handle
from tests.support.datasets import customers, to_csv


@pytest.fixture
def core(azurite_connection: str) -> bootstrap.Core:
    settings = Settings(storage=azurite_connection)
    storage = AzureStorage(settings)
    storage.create_containers()
    return bootstrap.core(settings, storage, bootstrap.utc_now)


def ordered(core: bootstrap.Core, table: bytes) -> dict[str, str]:
    """A fresh model with its upload and the message for its first run."""
    model = f"m-{uuid.uuid4().hex[:12]}"
    search = {"time_budget": 60, "max_iter": 2, "estimator_list": ["lgbm"]}
    spec.save(core.storage, Spec.from_json({"name": model, "target": "y", "search": search}))
    etag = core.storage.put(RAW, f"{model}/table", table)
    cause = Cause(kind="request", key="k", text="Asked for.", at=core.clock())
    run = core.runs.request(model, cause, {"blob": f"{model}/table", "etag": etag, "format": "csv"})
    return {"kind": "train", "model": model, "run_id": run.id}


def test_a_message_becomes_a_champion_that_loads_and_can_be_made_again(core: bootstrap.Core) -> None:
    message = ordered(core, to_csv(customers(300)))
    run = handle(message, core)
    assert run is not None
    assert run.status == "registered", run.message
    assert run.trials == 2
    champion = core.registry.pointer(message["model"]).champion
    assert champion == run.version
    assert loading.load(core.registry, message["model"], champion).signature.classes == ("leaves", "stays")
    assert handle(message, core) is None
    again = requests.request_reproduction(core.registry, core.runs, message["model"], champion)
    ended = handle({**message, "run_id": again.id}, core)
    assert ended is not None
    assert ended.status == "reproduced", ended.message
    assert "The model file is the same, byte for byte." in ended.message
    assert core.registry.pointer(message["model"]).challenger is None


def test_a_table_that_cannot_be_trained_on_fails_with_its_reason(core: bootstrap.Core) -> None:
    run = handle(ordered(core, to_csv(customers(10))), core)
    assert run is not None
    assert (run.status, run.version) == ("failed", None)
    assert "at least 50 rows with a target, got 10" in run.message
