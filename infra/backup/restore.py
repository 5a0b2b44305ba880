"""Brings a backup back into an account that has none of it, after having looked at every file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from automl.storage import LOG, Storage
from infra.backup.order import SAVED, restore_rank
from infra.backup.save import FORMAT, INDEX, BackupError

_APPEND_BYTES = 4 * 2**20
"""Largest block of an append blob that every version of the service takes."""


def verify(folder: Path) -> list[str]:
    """The blobs of a backup as `container/name`, each file being what the index says.

    Raises
    ------
    BackupError
        When the folder is no backup, or a file is missing or another.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BackupError(
            f"Expected {INDEX} in {folder}, got none: the backup was broken off. Take another."
        ) from error
    if index.get("format") != FORMAT:
        raise BackupError(f"Expected a backup of format {FORMAT}, got {index.get('format')!r}. Update Evergreen.")
    root = folder.resolve()
    for path, wanted in index["blobs"].items():
        file = (root / path).resolve()
        if path.split("/", 1)[0] not in SAVED or not file.is_relative_to(root):
            raise BackupError(f"Expected blobs of {', '.join(SAVED)}, got {path!r}. The index was tampered with.")
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != wanted["sha256"]:
            raise BackupError(f"{path} is not what was saved. Take another backup.")
    return list(index["blobs"])


def restore(storage: Storage, folder: Path) -> int:
    """Write every blob of a backup; their number. What is interrupted may be begun again.

    Raises
    ------
    BackupError
        When the backup is not whole, or the account holds a blob that differs.
    """
    blobs = [tuple(path.split("/", 1)) for path in verify(folder)]
    present = {(container, info.name): info.size for container in SAVED for info in storage.find(container)}
    foreign = sorted("/".join(each) for each in present.keys() - set(blobs))
    if foreign:
        raise BackupError(
            f"Expected an account without other blobs, got {foreign[0]} and {len(foreign) - 1} more. "
            "Restore into a new account, then let the apps use it."
        )
    for container, name in sorted(blobs, key=lambda each: restore_rank(*each)):
        data = (folder / container / name).read_bytes()
        if present.get((container, name)) != len(data):
            _write(storage, container, name, data)
    return len(blobs)


def _write(storage: Storage, container: str, name: str, data: bytes) -> None:
    if container != LOG:
        storage.put(container, name, data)
        return
    storage.delete(container, name)  # what an interrupted restore left of it
    for start in range(0, max(len(data), 1), _APPEND_BYTES):
        storage.append(container, name, data[start : start + _APPEND_BYTES], at=start)
