"""The app in a process of its own with a small model, and the clients' own Python to talk to it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automl import bootstrap, spec
from automl.spec import Spec
from tests.support.azurite import azurite
from tests.support.host import Host, host
from tests.support.models import KEY, publish

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv-clients" / "bin" / "python"
PROGRAMS = Path(__file__).parent / "programs"

Ask = Callable[..., Any]


@pytest.fixture(scope="package")
def served() -> Iterator[Host]:
    """A host that serves the model `adult`, the only one there is."""
    with azurite() as connection:
        environ = {
            "EVERGREEN_STORAGE": connection,
            "AzureWebJobsStorage": connection,
            "EVERGREEN_TRAIN_QUEUE": "train",
            "EVERGREEN_ROLE": "serve",
        }
        core = bootstrap.from_environ(environ)
        wanted = {"name": "adult", "target": "income", "columns": {"key": KEY, "drop": ["fnlwgt"]}}
        spec.save(core.storage, Spec.from_json(wanted))
        publish(core.registry, "v1")
        with host(REPOSITORY, environ) as running:
            yield running


@pytest.fixture(scope="package")
def ask(served: Host) -> Ask:
    """Run a program with the clients' Python against the app; what it prints. `make clients` installs them."""

    def run(program: str, *arguments: str) -> Any:
        done = subprocess.run(
            [str(PYTHON), str(PROGRAMS / program), served.url, *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{program} failed:\n{done.stderr[-4000:]}\n{''.join(served.output[-20:])}"
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="package")
def expected(served: Host) -> dict[str, Any]:
    """What `/models/adult/score` says of the two rows that every program sends."""
    rows = [
        {"age": 39, "job": "clerk", "since": "2026-11-20T16:00:00Z", "member": True},
        {"age": 61.5, "job": "baker", "since": 0, "member": False},
    ]
    answer = served.post("/models/adult/score", json={"dataframe_records": rows}).json()
    probabilities = [cell for row in answer["probabilities"] for cell in row.values()]
    return {"predict": answer["predictions"], "probabilities": probabilities}
