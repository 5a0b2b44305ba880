"""What a process imports, and which functions it has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.api_document.registered import routes

REPOSITORY = Path(__file__).parents[1]
HEAVY = {"pandas", "flaml", "sklearn", "lightgbm", "xgboost", "onnx", "deltalake", "scipy", "pyarrow", "skl2onnx"}
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
    assert is_open == {"health/live", "health/ready"}
    assert all(not route["route"].startswith("admin") for route in routes)


def test_every_http_function_is_annotated_as_the_worker_demands() -> None:
    wanted = ["<class 'azure.functions._http.HttpRequest'>", "<class 'azure.functions._http.HttpResponse'>"]
    seen = look("serve")["annotations"]
    assert seen.keys() == {route.function for route in routes("serve")}
    assert seen == dict.fromkeys(seen, wanted)
