"""Lines taken out of log blobs that nobody writes any more.

Each byte of such a line becomes a newline: blank lines mean nothing to readers, and every offset that was ever noted
for the blob stays true. An append blob cannot be changed in place, nor written over by a blob of another kind, so a
copy is stored beside it first, then the blob is removed and made anew of it. A reader finds every other line at any
moment, at times twice, which is as good as once. Whoever dies between leaves the copy, and `resume` goes on from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

from automl.log import Kind
from automl.storage import LOG, Missing, Storage

COPY = ".copy.jsonl"
"""How the name of a copy ends, in the place of `.jsonl`."""

IsWanted = Callable[[bytes], bool]
"""Whether a line, without its end, is one of those to be taken out."""


def find(storage: Storage, model: str, kind: Kind, is_wanted: IsWanted) -> dict[str, list[bytes]]:
    """Such lines of each blob that has any, a torn last one included. Every blob is read once."""
    found: dict[str, list[bytes]] = {}
    for name in _names(storage, f"{model}/{kind}/"):
        if not name.endswith(COPY):
            lines = _read(storage, name).split(b"\n")
            if wanted := [line for line in lines if line and is_wanted(line)]:
                found[name] = wanted
    return found


def take_out(storage: Storage, blob: str, is_wanted: IsWanted) -> None:
    """Take such lines out of a blob that is not written any more."""
    lines = _read(storage, blob).split(b"\n")
    kept = b"\n".join(b"\n" * len(line) if line and is_wanted(line) else line for line in lines)
    copy = blob.removesuffix(".jsonl") + COPY
    storage.put(LOG, copy, kept)
    _replace(storage, copy, blob, kept)


def resume(storage: Storage, model: str) -> None:
    """Bring to its end what was broken off."""
    for kind in get_args(Kind):
        for name in list(_names(storage, f"{model}/{kind}/")):
            if name.endswith(COPY):
                _replace(storage, name, name.removesuffix(COPY) + ".jsonl", _read(storage, name))


def _replace(storage: Storage, copy: str, blob: str, data: bytes) -> None:
    """Make a blob anew of what its copy holds."""
    storage.delete(LOG, blob)
    storage.put(LOG, blob, data)
    storage.delete(LOG, copy)


def _names(storage: Storage, root: str) -> Iterator[str]:
    for day in storage.folders(LOG, root):
        for info in storage.find(LOG, f"{root}{day}/"):
            yield info.name


def _read(storage: Storage, blob: str) -> bytes:
    try:
        found = storage.get(LOG, blob)
    except Missing:
        return b""  # removed since it was listed
    assert found is not None  # noqa: S101  (no ETag was given)
    return found.data
