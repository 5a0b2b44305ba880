"""A local host in a process of its own, and what it says, line by line."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]
DEADLINE_S = 40.0


class Host:
    """A running host. `url` is where it listens."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = ""
        self.output: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self, wanted: Callable[[str], Any], what: str) -> Any:
        """Wait for a line of which `wanted` makes something, passing over those before it; that something."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"the host did not say {what}; it said:\n" + "".join(self.output))
            if (found := wanted(line)) is not None:
                return found

    def says(self, pattern: str) -> re.Match[str]:
        """Wait for a line in which a pattern occurs."""
        match: re.Match[str] = self.line(re.compile(pattern).search, pattern)
        return match

    def sees(self, *keys: str) -> dict[str, Any]:
        """Wait for the app to report something with these keys."""

        def report(line: str) -> dict[str, Any] | None:
            if not line.startswith("SEEN "):
                return None
            document: dict[str, Any] = json.loads(line[5:])
            return document if set(keys) <= document.keys() else None

        document: dict[str, Any] = self.line(report, f"SEEN {keys}")
        return document

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=DEADLINE_S, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return httpx.post(self.url + path, timeout=DEADLINE_S, **options)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            self._lines.put(line)
        self._lines.put(None)


def start(app: Path, environ: Mapping[str, str], *arguments: str) -> Host:
    """Start a host on a free port, without waiting for it."""
    command = [sys.executable, "-m", "infra.local.host", "--app", str(app), "--port", "0", *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVERGREEN_")}
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=inherited | {"PYTHONUNBUFFERED": "1"} | dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Host(process)


@contextmanager
def host(app: Path, environ: Mapping[str, str], *arguments: str) -> Iterator[Host]:
    """A host that listens, and is gone afterwards."""
    running = start(app, environ, *arguments)
    try:
        running.url = running.says(r"Listening on (http://\S+)")[1]
        yield running
    finally:
        running.close()
