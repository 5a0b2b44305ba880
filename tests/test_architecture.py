"""What a process imports, and which functions it has."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from automl.registry import Registry
from automl.storage import CONTAINERS
from functions.api_document.registered import routes
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.models import publish

REPOSITORY = Path(__file__).parents[1]
HEAVY = {
    "pandas", "flaml", "sklearn", "lightgbm", "xgboost", "catboost", "onnx", "skl2onnx", "onnxmltools", "joblib",
    "deltalake", "pyarrow", "scipy", "matplotlib", "fastapi", "starlette", "pydantic", "mlflow",
}  # fmt: skip
"""Modules of tens of megabytes or hundreds of milliseconds, and frameworks with no place in a serving process."""
LAZY = {"azure.identity", "azure.storage.queue", "azure.monitor", "opentelemetry"}

LOOK = """
import json, sys, typing
import function_app
functions = function_app.app.get_functions()
print(json.dumps({
    "modules": sorted(sys.modules),
    "functions": [function.get_function_name() for function in functions],
    "annotations": {
        function.get_function_name(): sorted(map(str, typing.get_type_hints(function.get_user_function()).values()))
        for function in functions
        if function.is_http_function()
    },
    "bindings": [json.loads(raw) for function in functions for raw in function.get_raw_bindings()],
}))
"""


SCORE = """
import asyncio, gc, json, pickle, sys
import azure.functions as func
import function_app
from automl import bootstrap
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
storage = MemoryStorage()
for container, name, data in pickle.load(sys.stdin.buffer):
    storage.put(container, name, data)
core = bootstrap.core(bootstrap.Settings(), storage, FixedClock())
bootstrap.process = lambda: core
score = {made.get_function_name(): made for made in function_app.app.get_functions()}["score"].get_user_function()
body = json.dumps({"age": 39, "job": "clerk", "since": "2026-11-20T16:00:00Z", "member": True}).encode()
request = func.HttpRequest("POST", "/", headers={"content-type": "application/json"},
                           route_params={"model": "adult"}, body=body)
response = asyncio.run(score(request))
print(json.dumps({"status": response.status_code, "logged": json.loads(response.get_body())["logged"],
                  "frozen": gc.get_freeze_count(), "modules": sorted(sys.modules)}))
"""


def look(role: str) -> dict[str, Any]:
    environ = os.environ | {"EVERGREEN_ROLE": role}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=True
    )
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_serving_process_imports_nothing_heavy() -> None:
    imported = set(look("serve")["modules"])
    assert "onnxruntime" in imported
    assert imported & (HEAVY | LAZY) == set()


def test_serving_process_has_imported_nothing_heavy_once_it_has_scored() -> None:
    registry = Registry(MemoryStorage(), FixedClock())
    publish(registry, "v1")
    blobs = [(box, info.name) for box in CONTAINERS for info in registry.storage.find(box)]
    stored = [(box, name, blob.data) for box, name in blobs if (blob := registry.storage.get(box, name)) is not None]
    done = subprocess.run(
        [sys.executable, "-c", SCORE],
        cwd=REPOSITORY,
        env=os.environ | {"EVERGREEN_ROLE": "serve"},
        input=pickle.dumps(stored),
        capture_output=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert (seen["status"], seen["logged"]) == (200, True)
    assert seen["frozen"] > 10_000  # what it was made of, which Python's collector need not look at again
    assert {"automl.scoring.loading", "onnxruntime"} <= set(seen["modules"])
    assert set(seen["modules"]) & (HEAVY | LAZY) == set()


def test_training_process_imports_nothing_heavy_before_there_is_work() -> None:
    assert set(look("train")["modules"]) & (HEAVY | LAZY | {"onnxruntime"}) == set()


@pytest.mark.parametrize("role", ["serve", "train", "all"])
def test_role_has_its_functions_and_no_others(role: str) -> None:
    seen = look(role)
    kinds = {binding["type"] for binding in seen["bindings"]}
    background = {"queueTrigger", "timerTrigger"}
    assert ("score" in seen["functions"]) is (role != "train")
    assert kinds & background == (set() if role == "serve" else background)
    assert {"health_live", "health_ready"} <= set(seen["functions"])
    assert len(seen["functions"]) == len(set(seen["functions"]))


def test_only_health_is_open_to_callers_without_a_key() -> None:
    routes = [binding for binding in look("all")["bindings"] if binding["type"] == "httpTrigger"]
    is_open = {route["route"] for route in routes if route["authLevel"].upper() == "ANONYMOUS"}
    assert is_open == {"health/live", "health/ready", "v2/health/live", "v2/health/ready", "ping", "health"}
    assert all(not route["route"].startswith("admin") for route in routes)


def test_every_http_function_is_annotated_as_the_worker_demands() -> None:
    wanted = ["<class 'azure.functions._http.HttpRequest'>", "<class 'azure.functions._http.HttpResponse'>"]
    seen = look("serve")["annotations"]
    assert seen.keys() == {route.function for route in routes("serve")}
    assert seen == dict.fromkeys(seen, wanted)
