"""The fixture app under the local host."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.host import Host, host

APP = Path(__file__).parent / "app"
collect_ignore_glob = ["app/*", "small_app/*"]  # they are apps, run by hosts of their own


@pytest.fixture
def environ(azurite_connection: str) -> dict[str, str]:
    """Settings of the fixture app: a queue and a host id that no other test has, and ticks that never come."""
    name = uuid.uuid4().hex[:12]
    return {
        "AzureWebJobsStorage": azurite_connection,
        "WORK_STORAGE": azurite_connection,
        "WORK_QUEUE": f"work-{name}",
        "TICKS": "0 0 0 1 1 *",
        "AzureFunctionsWebHost__hostid": f"host-{name}",
        "AzureWebJobs.switched_off.Disabled": "true",
    }


@pytest.fixture(scope="module")
def web(azurite_connection: str) -> Iterator[Host]:
    """One host for all tests that only send requests."""
    storage = dict.fromkeys(("AzureWebJobsStorage", "WORK_STORAGE"), azurite_connection)
    disabled = {"AzureWebJobs.switched_off.Disabled": "1", "PYTHON_THREADPOOL_THREAD_COUNT": "3"}
    with host(APP, storage | disabled | {"WORK_QUEUE": "web-only", "TICKS": "0 0 0 1 1 *"}) as running:
        yield running
