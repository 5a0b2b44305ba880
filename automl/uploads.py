"""Tables as callers upload them: blocks put together into one blob that never changes.

The table is `raw/{model}/{upload}`; its record, `control/{model}/uploads/{upload}.json`, says that it is whole.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from automl import forms
from automl.errors import Conflict, InvalidInput, NotFound, Problem, TooLarge
from automl.events import Clock, iso
from automl.storage import CONTROL, RAW, Missing, Precondition, Storage

MAX_BLOCKS = 50_000
"""Most blocks of one blob (Azure's limit)."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
"""What an upload may be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a caller says when all blocks are there."""

    blocks: int
    """How many blocks make the table: 0 to blocks - 1."""

    format: str
    """`csv` or `parquet`."""

    sha256: str | None = None
    """SHA-256 of the whole table in hex; the run that reads it refuses other bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A whole table in storage.

    Parameters
    ----------
    blob
        Its name in the raw container.
    size
        In bytes.
    sha256
        What the caller says the bytes have; None where nothing was said.
    at
        When it was committed, ISO 8601; None for one of an earlier release.
    """

    blob: str
    etag: str
    format: str
    size: int
    blocks: int
    sha256: str | None = None
    at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """This record as it is stored and shown."""
        return asdict(self)

    @property
    def data(self) -> dict[str, Any]:
        """The table as a run names it."""
        told = {"blob": self.blob, "etag": self.etag, "format": self.format}
        return told if self.sha256 is None else told | {"sha256": self.sha256}


def put_block(
    storage: Storage, model: str, upload: str, number: int, data: bytes, *, digest: str | None = None
) -> None:
    """Store one block of a table. Blocks may come in any order, and again.

    Parameters
    ----------
    digest
        `Content-Digest` of the block as RFC 9530 writes it (`sha-256=:…:`); another digest than its own is refused.

    Raises
    ------
    InvalidInput, TooLarge
        The block is empty, damaged, or its number is none or too high.
    """
    _check_name(upload)
    if number < 0:
        remedy = "Number the blocks from 0."
        raise InvalidInput.of([Problem(field="number", expected="0 or more", got=str(number), remedy=remedy)])
    if number >= MAX_BLOCKS:
        raise TooLarge(f"Expected a block number below {MAX_BLOCKS}, got {number}. Send larger blocks.")
    if not data:
        problem = Problem(field="body", expected="bytes of a table", got="none", remedy="Send the block again.")
        raise InvalidInput.of([problem])
    if digest is not None:
        _check_digest(data, digest)
    storage.stage(RAW, _blob(model, upload), number, data)


def progress(storage: Storage, model: str, upload: str) -> dict[str, Any]:
    """How far an upload has come, so that one that was broken off can go on.

    Returns
    -------
    `table`, the record of the whole table, None before it is committed; and `blocks`, the sizes in bytes of the
    blocks that wait for it, by their numbers as text.
    """
    _check_name(upload)
    known = _find(storage, model, upload)
    waiting = {} if known is not None else storage.staged(RAW, _blob(model, upload))
    return {
        "table": None if known is None else known.to_json(),
        "blocks": {str(number): size for number, size in sorted(waiting.items())},
    }


def commit(storage: Storage, clock: Clock, model: str, upload: str, body: Mapping[str, Any]) -> Upload:
    """Make a table of its blocks; doing it again gives the same record.

    Raises
    ------
    InvalidInput
        The order cannot be read, or a block is missing.
    Conflict
        A table of that name was committed before from other blocks.
    """
    _check_name(upload)
    order = forms.read(Order, body, RULES, name="body")
    known = _find(storage, model, upload)
    if known is None:
        known = _committed(storage, model, upload, order, iso(clock()))
    is_other = None not in (known.sha256, order.sha256) and known.sha256 != order.sha256
    if is_other or (known.blocks, known.format) != (order.blocks, order.format):
        raise Conflict(
            f"Upload '{upload}' of model '{model}' was committed before as {known.blocks} blocks of {known.format}. "
            "A table never changes; choose another upload name."
        )
    return known


def find(storage: Storage, model: str, upload: str) -> Upload:
    """The record of a whole table. Raises NotFound."""
    _check_name(upload)
    known = _find(storage, model, upload)
    if known is None:
        raise NotFound(
            f"Model '{model}' has no upload '{upload}'. "
            f"Send its blocks to PUT /models/{model}/data/{upload}/0 and so on, then POST …/{upload}/commit."
        )
    return known


def all_of(storage: Storage, model: str) -> dict[str, Upload]:
    """The records of all whole tables of a model, by the names of their uploads."""
    root = folder(model)
    names = [info.name.removeprefix(root).removesuffix(".json") for info in storage.find(CONTROL, root)]
    found = {name: _find(storage, model, name) for name in names}
    return {name: upload for name, upload in found.items() if upload is not None}


def newest(storage: Storage, model: str) -> Upload | None:
    """The table that was committed last."""
    records = list(storage.find(CONTROL, folder(model)))
    if not records:
        return None
    last = max(records, key=lambda info: (info.modified, info.name))
    return _find(storage, model, last.name[len(folder(model)) :].removesuffix(".json"))


def folder(model: str) -> str:
    """Where the records of a model's uploads are, in the container control."""
    return f"{model}/uploads/"


def _committed(storage: Storage, model: str, upload: str, order: Order, at: str) -> Upload:
    blob = _blob(model, upload)
    try:
        etag = storage.commit(RAW, blob, order.blocks)
    except Missing:
        remedy = f"Send blocks 0 to {order.blocks - 1}, then commit again."
        got = "at least one of them missing"
        problem = Problem(field="blocks", expected=f"{order.blocks} uploaded blocks", got=got, remedy=remedy)
        raise InvalidInput.of([problem]) from None
    size = storage.size(RAW, blob)
    record = Upload(
        blob=blob, etag=etag, format=order.format, size=size, blocks=order.blocks, sha256=order.sha256, at=at
    )
    try:
        storage.put(CONTROL, _record(model, upload), orjson.dumps(record.to_json()), create=True)
    except Precondition:
        there = _find(storage, model, upload)  # written by an attempt whose answer was lost, or by somebody else
        return there or record
    return record


def _find(storage: Storage, model: str, upload: str) -> Upload | None:
    try:
        blob = storage.get(CONTROL, _record(model, upload))
    except Missing:
        return None
    return None if blob is None else Upload(**orjson.loads(blob.data))


def _check_digest(data: bytes, digest: str) -> None:
    said = re.search(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]+):", digest)
    own = base64.b64encode(hashlib.sha256(data).digest()).decode()
    if said is None or said[1] != own:
        expected = f"a block with the digest {digest[:80]!r}" if said else "a Content-Digest like sha-256=:…:"
        got = f"one of {len(data)} bytes with sha-256=:{own}:" if said else repr(digest)[:80]
        raise InvalidInput.of([Problem(field="body", expected=expected, got=got, remedy="Send the block again.")])


def _check_name(upload: str) -> None:
    if not NAME.fullmatch(upload):
        expected = "letters, digits, hyphens and underscores, 63 at most"
        problem = Problem(field="upload", expected=expected, got=repr(upload)[:80], remedy="Choose such a name.")
        raise InvalidInput.of([problem])


def _blob(model: str, upload: str) -> str:
    return f"{model}/{upload}"


def _record(model: str, upload: str) -> str:
    return f"{folder(model)}{upload}.json"


def _sha256(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError
    return value


_DIGEST = forms.Check(_sha256, {"type": "string", "pattern": "^[0-9a-f]{64}$"})

RULES: forms.Rules = {
    "blocks": (forms.whole(1, MAX_BLOCKS), f"a whole number from 1 to {MAX_BLOCKS}"),
    "format": (forms.option("csv", "parquet"), "csv or parquet"),
    "sha256": (forms.or_none(_DIGEST), "a SHA-256 as 64 small hexadecimal digits"),
}
