"""The whole system as `make up` runs it, on free ports and in a folder that goes away: to be used, and killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import httpx

from automl import bootstrap
from infra.local.azurite import REPOSITORY, Ports, command

Part = Literal["azurite", "serve", "train"]
DEADLINE_S = 120.0


@dataclass
class System:
    """Azurite, a host that serves and a host that trains, each a process of its own."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        blob, queue, table, self.port, train = _free_ports(5)
        self.ports = Ports(blob=blob, queue=queue, table=table)
        self.listens: dict[Part, int] = {"azurite": blob, "serve": self.port, "train": train}
        self.processes: dict[Part, subprocess.Popen[bytes]] = {}
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=60)
        connection = self.ports.connection_string
        self.environ = {
            "EVERGREEN_STORAGE": connection,
            "AzureWebJobsStorage": connection,
            "EVERGREEN_TRAIN_QUEUE": "train",
            "EVERGREEN_MONITOR_SCHEDULE": "*/2 * * * * *",
            **self.environ,
        }

    def start(self, *parts: Part) -> None:
        """Start parts and wait until each listens."""
        for part in parts:
            arguments = command(self.folder, self.ports) if part == "azurite" else self._host(part)
            environ = {**os.environ, **self.environ, "EVERGREEN_ROLE": part}
            with (self.folder / f"{part}.log").open("ab") as log:
                self.processes[part] = subprocess.Popen(
                    arguments, stdout=log, stderr=log, env=environ, cwd=REPOSITORY, start_new_session=True
                )
        for part in parts:
            self.wait(f"{part} to listen", partial(self._listens, part))

    def kill(self, part: Part) -> None:
        """End a part as `kill -9` does."""
        process = self.processes.pop(part)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End every part and whatever it started."""
        self.client.close()
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def core(self) -> bootstrap.Core:
        """The registry, runs and storage of this system, as one of its processes sees them."""
        return bootstrap.from_environ(self.environ)

    def wait(self, what: str, happened: Callable[[], Any], within_s: float = DEADLINE_S) -> Any:
        """Poll until something is true, and give it back; fail with the logs when it never is."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                if found := happened():
                    return found
            time.sleep(0.05)  # polling other processes: there is no event to wait on
        raise AssertionError(f"Waited {within_s:.0f} s in vain for {what}.\n{self.logs()}")

    def logs(self) -> str:
        """The last lines of every part's log."""
        tails = ((path, path.read_text(errors="replace").splitlines()[-30:]) for path in self.folder.glob("*.log"))
        return "\n".join(f"--- {path.name}\n" + "\n".join(lines) for path, lines in sorted(tails))

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """One request that must succeed; its JSON."""
        answer = self.client.request(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}\n{self.logs()}"
        return answer.json()

    def train(self, spec: dict[str, Any], table: bytes, *, within_s: float = DEADLINE_S) -> dict[str, Any]:
        """Upload a CSV, train on it and wait; the run record."""
        model = spec["name"]
        self.ask("PUT", f"/models/{model}", json=spec)
        self.ask("PUT", f"/models/{model}/data/first/0", content=table)
        self.ask("POST", f"/models/{model}/data/first/commit", json={"blocks": 1, "format": "csv"})
        run = self.ask("POST", f"/models/{model}/train", json={"upload": "first"})
        return self.ended(model, run["id"], within_s=within_s)

    def ended(self, model: str, run_id: str, *, within_s: float = DEADLINE_S) -> dict[str, Any]:
        """Wait for a run to end; its record."""

        def look() -> dict[str, Any] | None:
            record: dict[str, Any] = self.ask("GET", f"/models/{model}/runs/{run_id}")
            return record if record["status"] in ("registered", "rejected", "failed") else None

        found: dict[str, Any] = self.wait(f"run {run_id} to end", look, within_s)
        return found

    def labelled(self, model: str) -> int:
        """How many rows the monitor has seen a truth for; 0 before its first pass."""
        answer = self.client.get(f"/models/{model}/monitor")
        return int(answer.json()["labelled"]) if answer.is_success else 0

    def _host(self, part: Part) -> list[str]:
        app, port = str(REPOSITORY), str(self.listens[part])
        return [sys.executable, "-m", "infra.local.host", "--app", app, "--port", port, "--lease", "10"]

    def _listens(self, part: Part) -> bool:
        if self.processes[part].poll() is not None:
            raise AssertionError(f"{part} ended at once.\n{self.logs()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.listens[part])) == 0


@contextmanager
def system(folder: Path, **environ: str) -> Iterator[System]:
    """A running system that ends with the block."""
    made = System(folder, dict(environ))
    try:
        made.start("azurite")
        made.start("serve", "train")
        yield made
    finally:
        made.stop()


def _free_ports(count: int) -> list[int]:
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports
