from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest

from automl import deletion, spec
from automl.errors import Conflict, NotFound
from automl.registry import Registry
from automl.run import Cause, Run
from automl.runs import Runs
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import CONTAINERS, CONTROL, LAKE, LOG, RAW
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import publish


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def runs(storage: MemoryStorage) -> Runs:
    return Runs(storage, FixedClock(), Settings())


def model(storage: MemoryStorage, name: str) -> None:
    spec.save(storage, Spec.from_json({"name": name, "target": "income"}))
    publish(Registry(storage, FixedClock()), "v1", model=name)
    storage.put(RAW, f"{name}/table", b"a,b\n")
    storage.put(LAKE, f"{name}/predictions/_delta_log/00000000000000000000.json", b"{}")
    storage.append(LOG, f"{name}/predictions/2026-11-20/16/x-1.jsonl", b"{}\n", at=0)


def names(storage: MemoryStorage) -> set[str]:
    return {info.name.partition("/")[0] for container in CONTAINERS for info in storage.find(container)}


def asked(runs: Runs, name: str) -> Run:
    cause = Cause(kind="request", key="k", text="Asked for.", at=datetime(2026, 11, 20, tzinfo=UTC))
    return runs.request(name, cause, {"blob": f"{name}/table", "etag": "e", "format": "csv"})


def delete(storage: MemoryStorage, runs: Runs, *, settle: Callable[[], None] = lambda: None) -> dict[str, int]:
    deletion.ask(storage, runs, "adult", queue="train")
    message = orjson.loads(storage.queues["train"].pop())
    assert message == {"kind": "delete", "model": "adult"}
    return deletion.sweep(storage, "adult", settle=settle)


def test_nothing_of_a_deleted_model_is_left_and_nothing_of_others_is_touched(
    storage: MemoryStorage, runs: Runs
) -> None:
    model(storage, "adult")
    model(storage, "adult-2")
    removed = delete(storage, runs)
    assert names(storage) == {"adult-2"}
    assert all(count > 0 for count in removed.values())


def test_model_with_an_open_run_is_left_whole(storage: MemoryStorage, runs: Runs) -> None:
    model(storage, "adult")
    run = asked(runs, "adult")
    before = [info.name for container in CONTAINERS for info in storage.find(container)]
    with pytest.raises(Conflict, match=f"Run {run.id} of model 'adult' has not ended"):
        delete(storage, runs)
    assert [info.name for container in CONTAINERS for info in storage.find(container)] == before


def test_what_is_logged_until_every_instance_knows_goes_too(storage: MemoryStorage, runs: Runs) -> None:
    model(storage, "adult")
    late = "adult/predictions/2026-11-20/16/late-1.jsonl"

    def log_late() -> None:
        storage.append(LOG, late, b"{}\n", at=0)

    delete(storage, runs, settle=log_late)
    assert names(storage) == set()


def test_spec_and_pointer_are_gone_before_the_wait(storage: MemoryStorage, runs: Runs) -> None:
    model(storage, "adult")
    seen: list[str] = []

    def look() -> None:
        seen.extend(info.name for info in storage.find(CONTROL, "adult/"))

    delete(storage, runs, settle=look)
    assert seen
    assert not {"adult/spec.json", "adult/champion.json"} & set(seen)


@pytest.mark.parametrize("steps", range(1, 13))
def test_broken_off_deletion_is_finished_by_the_next(storage: MemoryStorage, runs: Runs, steps: int) -> None:
    model(storage, "adult")
    left = steps

    def break_off(operation: str, *_: str) -> None:
        nonlocal left
        if operation == "delete":
            left -= 1
            if left < 0:
                raise ConnectionError

    storage.before = break_off
    try:
        delete(storage, runs)
    except ConnectionError:
        storage.before = lambda *_: None
        delete(storage, runs)
    assert names(storage) == set()


def test_model_that_was_made_anew_is_left_alone_by_an_old_message(storage: MemoryStorage, runs: Runs) -> None:
    model(storage, "adult")
    assert sum(deletion.sweep(storage, "adult", settle=lambda: None).values()) == 0
    assert names(storage) == {"adult"}


def test_model_of_which_nothing_is_stored_is_not_found(storage: MemoryStorage, runs: Runs) -> None:
    with pytest.raises(NotFound, match="There is no model 'adult'"):
        delete(storage, runs)
