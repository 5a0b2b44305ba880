"""Lines taken out of log blobs that nobody writes any more.

Each byte of such a line becomes a newline: blank lines mean nothing to readers, and every offset that was ever noted
for the blob stays true. An append blob cannot be changed in place, nor written over by a blob of another kind, so a
copy is stored first, then the blob is removed and made anew of it. Whoever dies between leaves the copy, and `resume`
goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable

from automl.log import Kind
from automl.storage import CONTROL, LOG, Missing, Storage

IsWanted = Callable[[bytes], bool]
"""Whether a line, without its end, is one of those to be taken out."""


def find(storage: Storage, model: str, kind: Kind, is_wanted: IsWanted, *, before_hour: str) -> dict[str, int]:
    """How many such lines each blob of before an hour (`YYYY-MM-DD/HH`) has; those with none are left out."""
    root, found = f"{model}/{kind}/", dict[str, int]()
    for day in storage.folders(LOG, root):
        for info in storage.find(LOG, f"{root}{day}/"):
            if info.name[len(root) :] < before_hour:
                lines = _read(storage, info.name).split(b"\n")
                if count := sum(1 for line in lines if line and is_wanted(line)):
                    found[info.name] = count
    return found


def take_out(storage: Storage, model: str, blob: str, is_wanted: IsWanted) -> None:
    """Take such lines out of a blob that is not written any more."""
    lines = _read(storage, blob).split(b"\n")
    kept = b"\n".join(b"\n" * len(line) if line and is_wanted(line) else line for line in lines)
    copy = f"{_root(model)}{blob}"
    storage.put(CONTROL, copy, kept)
    _replace(storage, copy, blob)


def resume(storage: Storage, model: str) -> None:
    """Bring to its end what was broken off."""
    root = _root(model)
    for info in list(storage.find(CONTROL, root)):
        _replace(storage, info.name, info.name.removeprefix(root))


def _replace(storage: Storage, copy: str, blob: str) -> None:
    kept = storage.get(CONTROL, copy)
    assert kept is not None  # noqa: S101  (no ETag was given)
    storage.delete(LOG, blob)
    storage.put(LOG, blob, kept.data)
    storage.delete(CONTROL, copy)


def _read(storage: Storage, blob: str) -> bytes:
    try:
        found = storage.get(LOG, blob)
    except Missing:
        return b""  # removed since it was listed
    assert found is not None  # noqa: S101  (no ETag was given)
    return found.data


def _root(model: str) -> str:
    return f"{model}/rewriting/"
