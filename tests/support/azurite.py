"""A private Azurite for tests: free ports, a folder that goes away with it, never shared with `make up`."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from infra.local.azurite import Ports, command

LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(\d+)")


@contextmanager
def azurite() -> Iterator[str]:
    """Run an Azurite of one's own and yield its connection string.

    >>> with azurite() as connection:                                           # doctest: +SKIP
    ...     storage = AzureStorage(Settings(storage=connection))
    """
    with tempfile.TemporaryDirectory(prefix="azurite-", ignore_cleanup_errors=True) as folder:
        free = Ports(blob=0, queue=0, table=0)
        process = subprocess.Popen(
            command(Path(folder), free), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
        )
        assert process.stdout is not None
        try:
            yield _wait_for_ports(process.stdout).connection_string
        finally:
            process.kill()  # nothing of it is needed again, so there is nothing to save
            process.communicate()


def _wait_for_ports(output: IO[str]) -> Ports:
    """Read Azurite's own announcements until all three services listen."""
    ports: dict[str, int] = {}
    lines: list[str] = []
    for line in output:
        lines.append(line)
        if match := LISTENING.search(line):
            ports[match[1].lower()] = int(match[2])
        if len(ports) == 3:
            return Ports(**ports)
    raise RuntimeError("Azurite ended before it listened. It said:\n" + "".join(lines))


@pytest.fixture(scope="session")
def azurite_connection() -> Iterator[str]:
    """Connection string of one Azurite shared by a whole test session: use names of your own for what you store."""
    with azurite() as connection:
        yield connection
