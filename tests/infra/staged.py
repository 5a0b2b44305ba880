"""The staged packages as they run in Azure, as far as one machine can: each with its own settings and rights.

`python -m tests.infra.staged` installs each into a virtual environment of its own first, which takes a few minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from azure.storage.blob import AccountSasPermissions, ResourceTypes, Services, generate_account_sas

from automl import bootstrap
from infra.check.bicep import Block
from infra.local.azurite import ACCOUNT, KEY
from infra.package.parts import PACKAGES, REPOSITORY
from infra.package.stage import stage
from tests.infra.files import files
from tests.support.generated import as_csv, loans
from tests.support.system import Part, System

SERVICES = {"serve": "serving", "train": "training"}
HOST_NEEDS = ("click", "h11", "httptools", "uvicorn")
"""What the local host is made of; the real host is no Python package."""
MAY = {
    "serve": AccountSasPermissions(read=True, write=True, add=True, create=True, list=True),
    "train": AccountSasPermissions(
        read=True, write=True, add=True, create=True, list=True, delete=True, update=True, process=True
    ),
}
"""Serving may neither delete a blob nor take a message. That it may not write models, no such signature can say:
tests/infra/test_rights.py holds it to that."""


class Staged(System):
    """Azurite and both packages, each a process of its own that sees nothing of this repository but the host."""

    def __init__(self, folder: Path, pythons: dict[str, Path]) -> None:
        super().__init__(folder)
        self.pythons = pythons
        self.only_host = folder / "host"
        shutil.copytree(REPOSITORY / "infra" / "local", self.only_host / "infra" / "local")
        shutil.copy2(REPOSITORY / "infra" / "__init__.py", self.only_host / "infra")
        for role, service in SERVICES.items():
            stage(PACKAGES[service], folder / role)

    def start(self, *parts: Part) -> None:
        if parts == ("azurite",):
            super().start(*parts)
            bootstrap.from_environ(self.environ)  # makes the containers and the queue, as Bicep does
            return
        for part in parts:
            with (self.folder / f"{part}.log").open("ab") as log:
                self.processes[part] = subprocess.Popen(
                    self._host(part), stdout=log, stderr=log, env=self._environ(part), cwd=self.only_host,
                    start_new_session=True,
                )  # fmt: skip
        for part in parts:
            self.wait(f"{part} to listen", partial(self._listens, part))

    def _host(self, part: Part) -> list[str]:
        arguments = ["--app", str(self.folder / part), "--port", str(self.listens[part]), "--lease", "10"]
        return [str(self.pythons[part]), "-m", "infra.local.host", *arguments]

    def _environ(self, part: Part) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            **role_settings(part),
            "EVERGREEN_MONITOR_SCHEDULE": "*/2 * * * * *",
            "EVERGREEN_STORAGE": self.signed(part),
            "AzureWebJobsStorage": self.ports.connection_string,  # an account of its own, in Azure
        }

    def signed(self, part: str) -> str:
        """A connection that can do what the role may do, and nothing else."""
        signature = generate_account_sas(
            ACCOUNT,
            KEY,
            resource_types=ResourceTypes(container=True, object=True),
            permission=MAY[part],
            expiry=datetime.now(UTC) + timedelta(hours=1),
            services=Services(blob=True, queue=True),
        )
        ends = "".join(
            f"{name}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};"
            for name, port in (("Blob", self.ports.blob), ("Queue", self.ports.queue))
        )
        return f"{ends}SharedAccessSignature={signature}"


def role_settings(role: str) -> dict[str, str]:
    """The settings Bicep gives a role, without those that name identities and addresses of Azure."""
    own = files()["modules/function-app.bicep"].variables["ownSettings"]
    assert isinstance(own, Block)
    plain = {
        name: value for name, value in own.values.items() if isinstance(value, str) and value != "managedidentity"
    }
    plain = {name: value for name, value in plain.items() if "${" not in value}
    return {**plain, "EVERGREEN_ROLE": role, "EVERGREEN_TRAIN_QUEUE": "train"}


def closes_the_loop(running: Staged) -> dict[str, Any]:
    """Train a model by the one package, score it by the other, and have the truth about it seen."""
    run = running.train(
        {"name": "loans", "target": "paid", "search": {"time_budget": 5, "max_iter": 3, "estimator_list": ["lgbm"]}},
        as_csv(loans(500)),
    )
    assert run["status"] == "registered", run["message"]
    rows = loans(50, seed=1)
    answer: dict[str, Any] = running.ask("POST", "/models/loans/score", json={"dataframe_records": rows})
    assert answer["logged"] is True
    truths = [{"id": one, "truth": row["paid"]} for one, row in zip(answer["prediction_ids"], rows, strict=True)]
    assert running.ask("POST", "/models/loans/truth", json={"truths": truths})["refused"] == []
    running.wait("the monitor to have seen the truth", lambda: running.labelled("loans") == 50)
    return answer


def main() -> int:
    """Install both packages alone, and close the loop with them."""
    with tempfile.TemporaryDirectory(prefix="evergreen-staged-") as made:
        folder = Path(made)
        pythons = {role: _environment(folder / f"venv-{role}", service) for role, service in SERVICES.items()}
        running = Staged(folder, pythons)
        try:
            running.start("azurite")
            running.start("serve", "train")
            answer = closes_the_loop(running)
        finally:
            running.stop()
    sys.stdout.write(f"Both packages, each alone with its own: trained and scored version {answer['version']}.\n")
    return 0


def _environment(folder: Path, service: str) -> Path:
    """A virtual environment with a package's locked requirements and the host's, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    host = folder / "host.txt"
    locked = (REPOSITORY / "requirements-dev.txt").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[\w.-]+==)", locked)
    host.write_text("".join(each for each in entries if each.split("==")[0] in HOST_NEEDS), encoding="utf-8")
    python = folder / "bin" / "python"
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
    ]
    for path in (REPOSITORY / PACKAGES[service].requirements, host):
        subprocess.run([*pip, "-r", str(path)], check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
