"""Tables of the owner's that were rewritten without the rows of erased keys, and by what else they are known.

Runs, versions and drops name a table by the ETag and the hash that it came with. The record says which later bytes
are the same table, so that it calls for no second run and whoever named it before can still read it. It is written
before the table is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from automl.errors import Conflict
from automl.moving import move
from automl.storage import CONTROL, Missing, Precondition, Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """One table and what has become of it.

    Parameters
    ----------
    uploaded
        When it came, ISO 8601.
    etags
        Those that it was found with.
    hashes
        SHA-256 of its bytes as they came, then as they were after each rewriting.
    """

    uploaded: str
    etags: tuple[str, ...]
    hashes: tuple[str, ...]
    etag: str | None = None

    def has(self, digest: str) -> bool:
        """Whether bytes of this hash are the table after a rewriting."""
        return digest in self.hashes[1:]

    def is_named(self, data: Mapping[str, Any]) -> bool:
        """Whether a run's `data` names the table, as it came or as it was later."""
        return data.get("etag") in self.etags or data.get("sha256") in self.hashes


def find(storage: Storage, blob: str) -> Rewritten | None:
    """What is known of a blob in the raw container; None where it was never rewritten."""
    try:
        found = storage.get(CONTROL, _name(blob))
    except Missing:
        return None
    if found is None:
        return None
    data = orjson.loads(found.data)
    return Rewritten(
        uploaded=data["uploaded"], etags=tuple(data["etags"]), hashes=tuple(data["hashes"]), etag=found.etag
    )


def uploaded_at(storage: Storage, blob: str, digest: str, modified: datetime) -> datetime:
    """When the table of a blob came: when the blob was written, unless that was to rewrite it.

    Parameters
    ----------
    digest
        SHA-256 of what it holds.
    """
    known = find(storage, blob)
    return datetime.fromisoformat(known.uploaded) if known is not None and known.has(digest) else modified


def note(storage: Storage, blob: str, *, etag: str, before: str, after: str, modified: datetime) -> None:
    """Record that a blob is about to be rewritten.

    Parameters
    ----------
    etag, before, modified
        ETag and hash of the blob as it is, and when it was written.
    after
        Hash of what it will hold.

    Raises
    ------
    Conflict
        Another process is at it.
    """
    known = find(storage, blob)
    if known is None or before not in known.hashes:
        made = Rewritten(uploaded=modified.isoformat(), etags=(etag,), hashes=(before, after))
    else:
        made = Rewritten(
            uploaded=known.uploaded if known.has(before) else modified.isoformat(),
            etags=tuple(dict.fromkeys([*known.etags, etag])),
            hashes=tuple(dict.fromkeys([*known.hashes, after])),
        )
    data = asdict(made)
    del data["etag"]
    try:
        move(storage, _name(blob), orjson.dumps(data), None if known is None else known.etag)
    except Precondition as error:
        raise Conflict(f"Another process rewrites '{blob}'.") from error


def _name(blob: str) -> str:
    model, _, table = blob.partition("/")
    return f"{model}/rewritten/{table}.json"
