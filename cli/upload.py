"""A file sent to the server in blocks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from cli.api import Api
from cli.tables import kind_of

BLOCK_BYTES = 32 * 2**20
"""Size of a block: what the server takes by its default settings, in bytes."""


def upload(api: Api, model: str, path: Path, moved: Callable[[int, int], None]) -> str:
    """Upload a table and give the name the server knows it by.

    Parameters
    ----------
    moved
        Told after each block: how many bytes have been sent, and of how many.

    Raises
    ------
    Misuse
        When the file is not a table.
    """
    kind = kind_of(path)
    size = path.stat().st_size
    name = uuid.uuid4().hex
    sent = number = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            api.put_block(model, name, number, block)
            number += 1
            sent += len(block)
            moved(sent, max(size, sent))
    api.commit(model, name, blocks=number, kind=kind)
    return name
