"""A file sent to the server in blocks: checked by hash, and resumed where it was broken off."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from cli.api import Api
from cli.errors import Misuse
from cli.tables import kind_of

BLOCK_BYTES = 32 * 2**20
"""Size of a block: what the server takes by its default settings, in bytes."""


def upload(api: Api, model: str, path: Path, moved: Callable[[int, int], None]) -> str:
    """Upload a table and give the name the server knows it by.

    The name follows from the bytes, so a file that was sent in part goes on where it was, and one that was sent whole
    is not sent again.

    Parameters
    ----------
    moved
        Told after each block: how many bytes the server has, and of how many.

    Raises
    ------
    Misuse
        When the file is not a table, or changed while it was sent.
    """
    kind = kind_of(path)
    size = path.stat().st_size
    sha256 = _sha256(path)
    name = f"{sha256[:40]}-{BLOCK_BYTES // 2**20}"
    state = api.upload(model, name)
    there = {int(number): length for number, length in state["blocks"].items()}
    blocks = -(-size // BLOCK_BYTES)
    if state["table"] is None:
        sent, read = 0, hashlib.sha256()
        with path.open("rb") as file:
            for number in range(blocks):
                block = file.read(BLOCK_BYTES)
                read.update(block)
                if there.get(number) != len(block):
                    api.put_block(model, name, number, block, digest=_digest(block))
                sent += len(block)
                moved(sent, size)
            if file.read(1) or read.hexdigest() != sha256:
                raise Misuse(f"{path} changed while it was sent. Nothing was made of it; start again.")
    moved(size, size)
    api.commit(model, name, blocks=blocks, kind=kind, sha256=sha256)
    return name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(block: bytes) -> str:
    """A `Content-Digest` as RFC 9530 writes it."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(block).digest()).decode()}:"
