"""One `make up` or `make down` at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.errors import LocalError


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the local system for this command; the kernel lets go of it when the command ends, however it ends.

    Raises
    ------
    LocalError
        When another command holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalError("Another `make up` or `make down` is at work. Wait for it to end, or end it.") from error
        yield
