"""The app under Microsoft's own worker library: indexed whole, and answering as it does under the local host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.azurite import azurite
from tests.support.host import host

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv-contract" / "bin" / "python"
WORKER = Path(__file__).parent / "worker.py"

pytestmark = pytest.mark.skipif(
    not (REPOSITORY / ".venv-contract" / ".stamp").exists(),
    reason="needs Python 3.13 and azure-functions-runtime: `make contract` installs them where 3.13 is present",
)

INDEX = """
import json, os
from pathlib import Path
from infra.local.host.indexing import index, load_app
print(json.dumps([each.name for each in index(load_app(Path.cwd()), os.environ)]))
"""
HEADERS = {"content-type": "application/json"}
SPEC = {"target": "y", "search": {"time_budget": 1}}
CALLS: list[tuple[str, str, str, dict[str, str], str]] = [
    ("health_live", "GET", "/health/live", {}, ""),
    ("list_models", "GET", "/models", {}, ""),
    ("score", "POST", "/models/nobody/score", {"model": "nobody"}, '{"dataframe_records": [{"a": 1}]}'),
    ("score", "POST", "/models/nobody/score", {"model": "nobody"}, '{"dataframe_records": '),
    ("v2_live", "GET", "/v2/health/live", {}, ""),
    ("v2_infer", "POST", "/v2/models/nobody/infer", {"model": "nobody"}, '{"inputs": []}'),
    ("v2_version", "GET", "/v2/models/nobody/versions/v1", {"model": "nobody", "version": "v1"}, ""),
    ("ping", "GET", "/ping", {}, ""),
    ("invocations", "POST", "/invocations", {}, '{"inputs": []}'),
    ("truth", "POST", "/models/nobody/truth", {"model": "nobody"}, '{"truths": []}'),
    ("put_model", "PUT", "/models/contract", {"model": "contract"}, json.dumps(SPEC)),
    ("get_model", "GET", "/models/contract", {"model": "contract"}, ""),
    ("put_model", "PUT", "/models/contract", {"model": "contract"}, '{"taget": "y"}'),
    ("get_run", "GET", "/models/contract/runs/none", {"model": "contract", "run": "none"}, ""),
]


def environ(role: str, connection: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVERGREEN_")}
    return kept | {
        "EVERGREEN_ROLE": role,
        "EVERGREEN_STORAGE": connection,
        "AzureWebJobsStorage": connection,
        "EVERGREEN_TRAIN_QUEUE": "train",
        "EVERGREEN_MONITOR_SCHEDULE": "0 0 0 1 1 *",
    }


def under_microsofts_worker(role: str, connection: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    done = subprocess.run(
        [str(PYTHON), str(WORKER)],
        input="\n".join(json.dumps(call) for call in calls),
        env=environ(role, connection),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert "error" not in document, document
    return document


@pytest.mark.parametrize("role", ["serve", "all"])
def test_the_worker_indexes_the_functions_the_local_host_does(role: str, azurite_connection: str) -> None:
    indexed = under_microsofts_worker(role, azurite_connection, [])["functions"]
    done = subprocess.run(
        [sys.executable, "-c", INDEX],
        env=environ(role, azurite_connection),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(indexed) == sorted(json.loads(done.stdout.splitlines()[-1]))


def test_http_functions_answer_alike_under_the_worker_and_the_local_host() -> None:
    calls = [
        {
            "function": function,
            "method": method,
            "url": f"http://localhost{path}",
            "headers": HEADERS | {"host": "localhost"},
            "route": route,
            "body": body,
        }
        for function, method, path, route, body in CALLS
    ]
    with azurite() as connection:
        theirs = under_microsofts_worker("serve", connection, calls)["answers"]
    with azurite() as connection, host(REPOSITORY, environ("serve", connection)) as running:
        ours = []
        for _, method, path, _, body in CALLS:
            answer = httpx.request(method, running.url + path, headers=HEADERS, content=body, timeout=60)
            ours.append(seen(answer.status_code, answer.headers["content-type"], answer.text))
    assert [seen(each["status"], each["content_type"], each["body"]) for each in theirs] == ours
    assert [status for status, _, _ in ours] == [200, 200, 404, 404, 200, 404, 404, 200, 404, 404, 200, 200, 400, 404]


def seen(status: int, content_type: str, body: str) -> tuple[int, str, Any]:
    """An answer without what is new every time: ids and times."""
    document = json.loads(body) if content_type.endswith("json") else body
    if isinstance(document, dict):
        document = {key: value for key, value in document.items() if key not in ("instance", "id", "created")}
    return status, content_type, document
