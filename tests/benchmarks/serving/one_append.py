"""The local host with one append for each request: what group commit is measured against.

    python -m tests.benchmarks.serving.one_append --app FOLDER --port PORT

ONE_APPEND_BLOBS says how many are written side by side: with 1 each append waits for the one before it, as one writer
of one blob must; with 8, as many as the log has threads, this way makes the most of storage.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

from automl.events import Clock
from automl.log import Kind, writer
from automl.log.lane import Lane
from automl.log.predictions import Lines, lines_of
from automl.settings import Settings
from automl.storage import Storage
from infra.local.host.main import main

_BLOBS = int(os.environ.get("ONE_APPEND_BLOBS", "8"))


class OneAppend(writer.AppendLog):
    """A log whose every request makes an append of its own."""

    def __init__(self, storage: Storage, clock: Clock, settings: Settings, kind: Kind) -> None:
        super().__init__(storage, clock, settings, kind)
        self._now = clock
        self._threads = ThreadPoolExecutor(_BLOBS)
        self._store, self._what = storage, kind
        self._idle: dict[str, list[Lane]] = {}
        self._numbered = itertools.count(1)

    def put(self, model: str, lines: Lines, records: int = 1) -> asyncio.Future[None]:
        """Write one request's lines, sharing nothing."""
        written = lines if isinstance(lines, bytes) else lines_of([lines])
        return asyncio.get_running_loop().run_in_executor(self._threads, self._write_alone, model, written)

    def _write_alone(self, model: str, lines: bytes) -> None:
        idle = self._idle.setdefault(model, [])
        try:
            lane = idle.pop()
        except IndexError:
            name = f"alone-{secrets.token_hex(4)}-{next(self._numbered)}"
            lane = Lane(self._store, model, self._what, lambda: f"{name}-{next(self._numbered)}")
        lane.write(lines, f"{self._now().astimezone(UTC):%Y-%m-%d/%H}")
        idle.append(lane)


if __name__ == "__main__":
    setattr(writer, "AppendLog", OneAppend)  # noqa: B010 - before the app wires its parts, on its first request
    sys.exit(main())
