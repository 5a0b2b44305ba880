"""The contenders as processes: each one worker on a port of its own, ended with the block that started it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.serving import MODEL

REPOSITORY = Path(__file__).resolve().parents[3]
BENCH_PYTHON = REPOSITORY / ".venv-bench" / "bin" / "python"
"""Has what only benchmarks need; `make bench` makes it."""

DEADLINE_S = 60.0
ONE_APPEND = "tests.benchmarks.serving.one_append"
HOST = "infra.local.host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that listens.

    Parameters
    ----------
    path
        Where it scores.
    started
        `time.perf_counter()` just before its process was made.
    """

    port: int
    path: str
    process: subprocess.Popen[bytes]
    log: Path
    started: float


BARE = ("--ws", "none", "--lifespan", "off", "--no-proxy-headers", "--no-server-header", "--no-date-header")
"""Leaves out all that uvicorn does beside HTTP."""


@contextmanager
def uvicorn(app: str, folder: Path, *more: str) -> Iterator[Server]:
    """An ASGI app under uvicorn as it comes (which takes uvloop and httptools), without its access log."""
    port = free_port()
    flags = ["--port", str(port), "--no-access-log", "--log-level", "warning", *more]
    command = [str(BENCH_PYTHON), "-m", "uvicorn", f"tests.benchmarks.serving.{app}:app", *flags]
    with _running(command, {"BENCH_FOLDER": str(folder)}, port, "/score", folder / f"{app}.log") as server:
        yield server


@contextmanager
def evergreen(
    name: str, folder: Path, connection: str, environ: Mapping[str, str], *, module: str = HOST, model: str = MODEL
) -> Iterator[Server]:
    """The serving role under the local host (or under `module`, which stands in for it)."""
    port = free_port()
    command = [sys.executable, "-m", module, "--app", str(REPOSITORY), "--port", str(port)]
    added = serving_environ(connection) | dict(environ)
    with _running(command, added, port, f"/models/{model}/score", folder / f"{name}.log") as server:
        yield server


def serving_environ(connection: str) -> dict[str, str]:
    """What a serving process is told of its surroundings."""
    return {
        "EVERGREEN_ROLE": "serve",
        "EVERGREEN_STORAGE": connection,
        "AzureWebJobsStorage": connection,
        "EVERGREEN_TRAIN_QUEUE": "train",
    }


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], environ: Mapping[str, str], port: int, path: str, log: Path) -> Iterator[Server]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVERGREEN_")}
    with log.open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=inherited | dict(environ), stdout=output, stderr=subprocess.STDOUT
        )
    server = Server(port=port, path=path, process=process, log=log, started=started)
    try:
        _wait_until_it_listens(server)
        yield server
    finally:
        process.kill()
        process.wait()


def _wait_until_it_listens(server: Server) -> None:
    while time.perf_counter() - server.started < DEADLINE_S:
        if server.process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.002)  # another process: there is no event to wait on
    raise RuntimeError(
        f"{server.log.stem} did not listen. It said:\n{server.log.read_text(errors='replace')[-4000:]}"
    )
