from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from automl import bootstrap, spec
from automl.errors import Unavailable
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import MODELS
from tests.functions.conftest import Client
from tests.support.models import ROW, publish


def down(operation: str, container: str, name: str) -> None:
    raise Unavailable("Storage cannot be reached: connection refused.")


async def test_live_process_says_so_without_looking_at_anything(call: Client) -> None:
    call.storage.before = down
    assert (await call("health_live")).json == {"status": "live"}


async def test_process_without_models_is_ready(call: Client) -> None:
    answer = await call("health_ready")
    assert (answer.status, answer.json) == (200, {"status": "ready", "reasons": [], "versions": {}})


async def test_model_without_a_champion_is_no_fault(call: Client) -> None:
    await call("put_model", {"target": "income"})
    assert (await call("health_ready")).json["status"] == "ready"


async def test_only_model_is_loaded_so_that_its_first_score_reads_nothing(adult: Client) -> None:
    assert (await adult("health_ready")).json["versions"] == {"adult": "v1"}
    read: list[str] = []
    adult.storage.before = lambda operation, *_: read.append(operation)
    assert (await adult("score", ROW)).status == 200
    assert "get" not in read


async def test_storage_down_is_unavailable_at_cold_start_and_degraded_with_a_model_in_memory(adult: Client) -> None:
    before, adult.storage.before = adult.storage.before, down
    cold = await adult("health_ready")
    assert (cold.status, cold.json["status"]) == (503, "unavailable")
    assert cold.json["reasons"] == ["Storage cannot be reached: connection refused."]
    adult.storage.before = before
    await adult("score", ROW)
    adult.storage.before = down
    warm = await adult("health_ready")
    assert (warm.status, warm.json["status"], warm.json["versions"]) == (200, "degraded", {"adult": "v1"})


async def test_champion_that_cannot_answer_is_told(adult: Client) -> None:
    publish(adult.core.registry, "v2")
    await adult("score", ROW)
    adult.storage.put(MODELS, "adult/v2/model.onnx", b"other bytes")
    adult.core.registry.promote("adult", "v2", "by hand")
    adult.serving.champions.look("adult")
    answer = await adult("health_ready")
    assert (answer.status, answer.json["status"], answer.json["versions"]) == (200, "degraded", {"adult": "v1"})
    (reason,) = answer.json["reasons"]
    assert reason.startswith("Model 'adult': Champion v2 cannot answer: File 'model.onnx' of version 'v2'")
    assert (await adult("score", ROW)).json["version"] == "v1"


async def test_predictions_that_were_not_logged_are_counted(adult: Client) -> None:
    await adult("score", ROW)
    adult.storage.before = down
    await adult("score", {"instances": [ROW] * 3})
    adult.storage.before = lambda *_: None
    answer = await adult("health_ready")
    assert answer.json["reasons"] == ["3 predictions were answered and not logged since this process began."]


async def test_answer_stays_small_with_many_models_in_memory(adult: Client) -> None:
    names = [f"model-{number:03}" for number in range(30)]
    for name in names:
        publish(adult.core.registry, "v1", model=name)
        bootstrap.serving().champions.get(name)
    adult.storage.before = down
    for name in names:
        adult.serving.champions.look(name)
    answer = await adult("health_ready")
    assert answer.json["versions"] == dict.fromkeys(names[:20], "v1")
    assert len(answer.json["reasons"]) == 21
    assert answer.json["reasons"][0] == "Storage cannot be reached: connection refused."
    assert answer.json["reasons"][-1] == "There are 11 more reasons."


async def test_training_process_is_ready_when_storage_answers(
    adult: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    core = replace(adult.core, settings=replace(settings, role="train"))
    monkeypatch.setattr(bootstrap, "process", functools.cache(lambda: core))
    assert (await adult("health_ready")).json == {"status": "ready", "reasons": [], "versions": {}}
    adult.storage.before = down
    assert (await adult("health_ready")).status == 503


async def test_default_model_is_the_one_that_is_loaded(
    adult: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    for name in ("bike", "car"):
        spec.save(adult.storage, Spec.from_json({"name": name, "target": "x"}))
        publish(adult.core.registry, "v1", model=name)
    assert (await adult("health_ready")).json["versions"] == {}
    core = replace(adult.core, settings=replace(settings, default_model="car"))
    monkeypatch.setattr(bootstrap, "process", functools.cache(lambda: core))
    assert (await adult("health_ready")).json["versions"] == {"car": "v1"}
