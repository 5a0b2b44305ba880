"""Settings and host.json under the local host."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from infra.local.host.host_json import HostConfig, QueueOptions, read_host_json
from tests.local.conftest import APP
from tests.support.host import host


def test_azures_defaults_hold_where_host_json_is_silent(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    assert read_host_json(tmp_path / "host.json") == HostConfig(
        route_prefix="api",
        function_timeout_s=1800,
        queues=QueueOptions(
            max_polling_s=60, retry_after_s=0, batch_size=16, new_batch_threshold=8, max_dequeue_count=5, base64=True
        ),
        log_level=logging.INFO,
    )


def test_every_honoured_part_of_host_json_is_read(tmp_path: Path) -> None:
    document = {
        "version": "2.0",
        "functionTimeout": "-1",
        "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
        "logging": {"logLevel": {"default": "Warning"}},
        "extensions": {
            "http": {"routePrefix": "/v1/"},
            "queues": {
                "maxPollingInterval": "00:00:02",
                "visibilityTimeout": "00:00:10",
                "batchSize": 3,
                "newBatchThreshold": 0,
                "maxDequeueCount": 7,
                "messageEncoding": "none",
            },
        },
    }
    (tmp_path / "host.json").write_text(json.dumps(document))
    assert read_host_json(tmp_path / "host.json") == HostConfig(
        route_prefix="v1",
        function_timeout_s=None,
        queues=QueueOptions(
            max_polling_s=2, retry_after_s=10, batch_size=3, new_batch_threshold=0, max_dequeue_count=7, base64=False
        ),
        log_level=logging.WARNING,
    )


def test_local_settings_stand_under_the_environment(tmp_path: Path, environ: dict[str, str]) -> None:
    shutil.copytree(APP, tmp_path, dirs_exist_ok=True)
    values = {"ONLY_IN_FILE": "file", "IN_BOTH": "file", "WORK_QUEUE": "from-the-file"}
    (tmp_path / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    with host(tmp_path, environ | {"IN_BOTH": "environment"}) as running:
        assert running.get("/pre/fix/setting/ONLY_IN_FILE").text == "file"
        assert running.get("/pre/fix/setting/IN_BOTH").text == "environment"
        assert running.get("/pre/fix/setting/WORK_QUEUE").text == environ["WORK_QUEUE"]


@pytest.mark.parametrize("handler", ["async def", "def"])
def test_a_function_that_runs_over_the_function_timeout_is_500(tmp_path: Path, handler: str) -> None:
    wait = "await asyncio.Event().wait()" if handler == "async def" else "threading.Event().wait(60)"
    (tmp_path / "host.json").write_text('{"version": "2.0", "functionTimeout": "00:00:01"}')
    (tmp_path / "function_app.py").write_text(
        "import asyncio, threading\nimport azure.functions as func\napp = func.FunctionApp()\n"
        f'@app.route("slow", auth_level="anonymous")\n{handler} slow(req: func.HttpRequest) -> str:\n    {wait}\n'
    )
    with host(tmp_path, {}) as running:
        assert running.get("/api/slow").status_code == 500
        running.says("TimeoutError")
        assert running.end() == 0


def test_the_repositorys_own_host_json_is_honoured_whole() -> None:
    config = read_host_json(Path(__file__).parents[2] / "host.json")
    assert (config.route_prefix, config.queues.batch_size, config.queues.new_batch_threshold) == ("", 1, 0)
    assert config.function_timeout_s == 1800
