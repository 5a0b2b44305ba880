"""Tables that the owner sent or dropped, and what trainings put aside of them: rewritten without rows of a key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from automl import rewritten, spec
from automl.errors import Conflict, InvalidInput
from automl.events import Clock
from automl.monitoring import drops
from automl.monitoring.erased import Place, Target
from automl.storage import RAW, Blob, BlobInfo, Missing, Precondition
from automl.training.repairs import ASIDE
from automl.training.without_key import aside_without_key, without_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a look at all tables has found.

    Parameters
    ----------
    place
        Those that have rows of the key.
    unreadable
        Those that cannot be read: whether they have any is not known.
    """

    place: Place
    unreadable: Sequence[str]


def look(target: Target, clock: Clock) -> Sent:
    """Look through every table that came before the request."""
    column = spec.load(target.storage, target.model).columns.key
    root = f"{target.model}/"
    infos = {info.name: info for info in target.storage.find(RAW, root)} if column is not None else {}
    found: dict[str, int] = {}
    unreadable: list[str] = []
    for name, info in infos.items():
        blob = _read(target, info)
        if blob is None or _is_new(target, info, blob):
            continue
        try:
            _, count = _without(target, column or "", name, blob.data)
        except InvalidInput:
            unreadable.append(name.removeprefix(root))
            continue
        if count:
            found[name.removeprefix(root)] = count

    def erase() -> None:
        for name in found:
            _rewrite(target, clock, column or "", infos[f"{root}{name}"])

    return Sent(place=Place(name="uploads", rows=found, erase=erase), unreadable=unreadable)


def _rewrite(target: Target, clock: Clock, column: str, info: BlobInfo) -> None:
    """Write a table anew. Raises Conflict when it changes meanwhile."""
    if info.name.startswith(f"{target.model}/drop/") and not info.name.endswith(ASIDE):
        drops.take(target.storage, clock, target.model, [info])  # as it came: what is written is no new table
    blob = _read(target, info)
    if blob is None:
        return
    data, _ = _without(target, column, info.name, blob.data)
    if not info.name.endswith(ASIDE):  # which nobody names by what it holds
        hashes = {"before": _digest(blob.data), "after": _digest(data)}
        rewritten.note(target.storage, info.name, etag=blob.etag, modified=info.modified, **hashes)
    try:
        target.storage.put(RAW, info.name, data, if_match=blob.etag)
    except Precondition as error:
        raise Conflict(f"The table '{info.name}' was replaced meanwhile.") from error


def _without(target: Target, column: str, name: str, data: bytes) -> tuple[bytes, int]:
    if name.endswith(ASIDE):
        return aside_without_key(data, target.key)
    return without_key(data, column, target.key)


def _is_new(target: Target, info: BlobInfo, blob: Blob) -> bool:
    """Whether a table came after the request. Rows that were put aside are none that anybody sent."""
    until = datetime.fromtimestamp(target.until_ms / 1000, UTC)
    if info.name.endswith(ASIDE) or info.modified <= until:
        return False
    return rewritten.uploaded_at(target.storage, info.name, _digest(blob.data), info.modified) > until


def _read(target: Target, info: BlobInfo) -> Blob | None:
    """A blob as it was listed; None where it has been replaced or removed since."""
    try:
        blob = target.storage.get(RAW, info.name)
    except Missing:
        return None
    return blob if blob is not None and blob.etag == info.etag else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
