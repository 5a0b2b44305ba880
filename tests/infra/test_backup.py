"""The drill of docs/deploy.md: what one account knows is saved, brought back into another, and goes on working."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from automl import events, spec
from automl.azure_storage import AzureStorage
from automl.log.ids import Ids
from automl.monitoring import state as states
from automl.monitoring.passes import monitor_pass
from automl.parsing import parse_records
from automl.registry import Registry
from automl.run import Cause
from automl.runs import Runs
from automl.scoring import loading
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import CONTAINERS, CONTROL, LOG, MODELS, RAW, Storage
from automl.tensors import to_records
from automl.training import pipeline
from infra.backup.order import restore_rank
from infra.backup.restore import restore, verify
from infra.backup.save import BackupError, save
from tests.support.azurite import azurite
from tests.support.clock import FixedClock
from tests.support.datasets import customers, to_csv
from tests.support.memory import MemoryStorage
from tests.support.replay import append, prediction_line

MODEL = "customers"
SEARCH = {"time_budget": 60, "max_iter": 2, "estimator_list": ["lgbm"]}
ROWS = [
    {"age": age, "income": 1000.0, "plan": "pro", "city": None, "member": True, "since": 0} for age in (20, 50, 80)
]


@dataclass
class Account:
    """A data account, and the parts of a process over it."""

    storage: Storage
    settings: Settings

    def __post_init__(self) -> None:
        self.clock = FixedClock()
        self.registry = Registry(self.storage, self.clock)
        self.runs = Runs(self.storage, self.clock, self.settings)

    def train(self, data: dict[str, Any], key: str) -> str:
        cause = Cause(kind="request", key=key, text="Asked for.", at=self.clock())
        run = self.runs.request(MODEL, cause, data)
        version = pipeline.run(
            self.storage, run, spec.load(self.storage, MODEL), self.registry, clock=self.clock
        ).version
        self.registry.register(MODEL, version)
        return version

    def answers(self) -> Sequence[Any]:
        champion = loading.load(self.registry, MODEL, self.registry.pointer(MODEL).champion)
        return champion.score(parse_records(champion.signature, ROWS)).labels

    def watch(self) -> int:
        monitor_pass(self.storage, self.registry, self.runs, self.clock, MODEL)
        return states.load(self.storage, MODEL).labelled


def account(connection: str) -> Account:
    settings = Settings(storage=connection)
    storage = AzureStorage(settings)
    storage.create_containers()
    return Account(storage=storage, settings=settings)


@pytest.fixture(scope="module")
def lived() -> Iterator[Account]:
    """An account with a model that was trained, scored, told the truth and watched."""
    with azurite() as connection:
        made = account(connection)
        spec.save(made.storage, Spec.from_json({"name": MODEL, "target": "y", "search": SEARCH}))
        etag = made.storage.put(RAW, f"{MODEL}/table", to_csv(customers(300)))
        version = made.train({"blob": f"{MODEL}/table", "etag": etag, "format": "csv"}, "first")
        signature = loading.load(made.registry, MODEL, version).signature
        ids = Ids(b"k" * 32).mint(MODEL, len(ROWS), round(made.clock().timestamp() * 1000))
        rows = to_records(signature, parse_records(signature, ROWS))
        now = round(made.clock().timestamp() * 1000)
        lines = [prediction_line(id=one, model=MODEL, version=version, at=now, features=row, prediction="stays")
                 for one, row in zip(ids, rows, strict=True)]  # fmt: skip
        append(made.storage, MODEL, "predictions", made.clock(), lines)
        truths = [json.dumps({"id": one, "truth": "stays", "at": now, "received": now}).encode() for one in ids]
        append(made.storage, MODEL, "truth", made.clock(), truths)
        assert made.watch() == len(ROWS)
        yield made


@pytest.fixture(scope="module")
def saved(lived: Account, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup") / "b"
    assert save(lived.storage, folder, lived.clock) > 10
    return folder


@pytest.fixture(scope="module")
def restored(saved: Path) -> Iterator[Account]:
    with azurite() as connection:
        made = account(connection)
        restore(made.storage, saved)
        yield made


def everything(storage: Storage) -> dict[str, bytes]:
    found = {}
    for container in CONTAINERS:
        for info in storage.find(container):
            blob = storage.get(container, info.name)
            assert blob is not None
            found[f"{container}/{info.name}"] = blob.data
    return found


def test_every_byte_is_back(lived: Account, restored: Account) -> None:
    assert everything(restored.storage) == everything(lived.storage)


def test_champion_answers_as_it_did(lived: Account, restored: Account) -> None:
    assert restored.registry.pointer(MODEL).champion == lived.registry.pointer(MODEL).champion
    assert restored.answers() == lived.answers()
    assert events.history(restored.storage, MODEL) == events.history(lived.storage, MODEL)


def test_monitor_goes_on_where_it_was_and_counts_no_truth_twice(restored: Account) -> None:
    assert restored.watch() == len(ROWS)


def test_log_can_be_appended_to(restored: Account) -> None:
    [name] = [info.name for info in restored.storage.find(LOG, f"{MODEL}/truth")]
    length = restored.storage.size(LOG, name)
    assert restored.storage.append(LOG, name, b"{}\n", at=length) == length + 3


def test_retraining_takes_the_table_that_was_brought_back(restored: Account) -> None:
    champion = restored.registry.pointer(MODEL).champion
    data = restored.registry.manifest(MODEL, champion)["data"]
    blob = restored.storage.get(RAW, data["blob"])
    assert blob is not None
    assert blob.etag != data["etag"]  # or this proves nothing
    restored.clock.advance(seconds=60)
    again = restored.train({name: data[name] for name in ("blob", "etag", "format", "sha256")}, "again")
    assert restored.registry.pointer(MODEL).challenger == again


def test_restore_that_was_interrupted_is_begun_again(saved: Path) -> None:
    storage = MemoryStorage()
    written: list[str] = []

    def stop(operation: str, container: str, name: str) -> None:
        if operation in ("put", "append"):
            written.append(f"{container}/{name}")
            if len(written) == 5:
                raise ConnectionError("the line went dead")

    storage.before = stop
    with pytest.raises(ConnectionError):
        restore(storage, saved)
    storage.before = lambda *_: None
    assert restore(storage, saved) == len(verify(saved))
    assert set(everything(storage)) == set(verify(saved))


def test_pointer_is_written_last() -> None:
    names = [(CONTROL, "m/champion.json"), (MODELS, "m/v/manifest.json"), (CONTROL, "m/runs/a.json"), (LOG, "m/x")]
    ranked = sorted(names, key=lambda each: restore_rank(*each))
    assert ranked[-1] == (CONTROL, "m/champion.json")
    assert ranked.index((MODELS, "m/v/manifest.json")) < ranked.index((CONTROL, "m/runs/a.json"))


def test_account_with_other_models_is_left_alone(saved: Path) -> None:
    storage = MemoryStorage()
    storage.put(CONTROL, "other/spec.json", b"{}")
    with pytest.raises(BackupError, match="new account"):
        restore(storage, saved)
    assert set(everything(storage)) == {"control/other/spec.json"}


def test_changed_file_is_found(saved: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    path = next(copy.glob("models/**/model.onnx"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BackupError, match="is not what was saved"):
        restore(MemoryStorage(), copy)


def test_index_that_points_outside_is_refused(saved: Path, tmp_path: Path) -> None:
    index = json.loads((saved / "index.json").read_text(encoding="utf-8"))
    index["blobs"] = {"models/../../secret": {"sha256": "", "size": 0}}
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(BackupError, match="tampered"):
        verify(tmp_path)


def test_broken_off_backup_is_none(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="broken off"):
        verify(tmp_path)


def test_folder_in_use_is_not_written_to(saved: Path) -> None:
    with pytest.raises(BackupError, match="new or empty folder"):
        save(MemoryStorage(), saved, FixedClock())
