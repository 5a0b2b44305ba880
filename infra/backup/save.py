"""Copies the blobs of the data account into a folder, with an index that says what each must be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from automl.events import Clock, iso
from automl.storage import Missing, Storage
from infra.backup.order import SAVED

INDEX = "index.json"
FORMAT = 1


class BackupError(Exception):
    """The backup cannot be made or brought back; the message says why and what to do."""


def save(storage: Storage, folder: Path, clock: Clock) -> int:
    """Copy everything; the number of blobs. The index is written last: a folder without one is no backup.

    Raises
    ------
    BackupError
        When the folder has something in it already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"Expected a new or empty folder, got {folder} with files in it. Choose another.")
    began = iso(clock())
    blobs: dict[str, dict[str, object]] = {}
    for container in SAVED:
        for info in list(storage.find(container)):
            try:
                blob = storage.get(container, info.name)
            except Missing:
                continue  # deleted meanwhile, so nothing that was read before names it
            if blob is None:
                raise AssertionError("a read without a condition gives a blob")
            path = f"{container}/{info.name}"
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(blob.data)
            blobs[path] = {"sha256": hashlib.sha256(blob.data).hexdigest(), "size": len(blob.data)}
    folder.mkdir(parents=True, exist_ok=True)
    index = {"format": FORMAT, "began": began, "ended": iso(clock()), "blobs": blobs}
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return len(blobs)
