"""The erasure of one business key: what was asked for, and the receipt of what has been done about it.

Who answers HTTP may not touch versions and lake, so it only takes the request; the training role carries it out
(`monitoring.erasing`). The request holds the key and goes when it is done; the receipt never does: it holds a hash
that only this system's own secret can make, so that nobody finds the key by trying keys.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from automl.errors import Conflict, NotFound
from automl.events import Clock, iso
from automl.log.ids import load_key
from automl.moving import move
from automl.storage import CONTROL, Missing, Precondition, Storage

Status = Literal["asked", "pending", "done"]

OPEN_FOR = timedelta(hours=3)
"""How long after a request the log may still hold lines from before it that cannot be changed: those of its hour and
of the next, each closed an hour after its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be erased.

    Parameters
    ----------
    at
        When it was asked for, ISO 8601: what was predicted for the key later is new data.
    ids
        The prediction ids of the key, as far as they were seen: truth may have come by them.
    """

    id: str
    key: str
    at: str
    ids: tuple[str, ...] = ()
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What has been done about a request. It does not hold the key.

    Parameters
    ----------
    key_hash
        Of the key, made with this system's secret and the receipt's own id.
    status
        `asked`; `pending`: erased wherever that was possible, and looked at again at `due`; `done`: a look that began
        after `due` has found nothing any more.
    text
        The same in a sentence.
    due
        When it is looked at next, ISO 8601; null once it is done.
    rows
        How many rows were erased in each place.
    found
        The same of the look that has not come to its end, by blob of the log and day of the table.
    uploads
        Tables that were uploaded or dropped and cannot be read, each with null: nobody knows whether they have rows
        of the key, and only their owner can replace them.
    versions
        Versions that were trained on the key's rows: how many, and how many of them their holdout still has. A model
        does not unlearn, and a version never changes; both end with the model.
    """

    id: str
    key_hash: str
    at: str
    status: Status
    text: str
    due: str | None
    finished: str | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] | None = None
    uploads: Mapping[str, int | None] = field(default_factory=dict)
    versions: list[dict[str, Any]] = field(default_factory=list)
    etag: str | None = None

    def to_json(self) -> dict[str, Any]:
        """This receipt as it is stored and shown."""
        data = asdict(self)
        del data["etag"]
        return data


def ask(storage: Storage, clock: Clock, model: str, key: str, *, queue: str) -> Receipt:
    """Take a request and have the training role told of it. Asking again makes another request, which is harmless."""
    now = clock()
    identity = f"{now:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}"
    body = orjson.dumps({"id": identity, "key": key, "at": iso(now)})
    storage.put(CONTROL, _request(model, identity), body, create=True)
    made = receipt_of(storage, Request(id=identity, key=key, at=iso(now)))
    saved = save(storage, model, made)
    storage.send(queue, orjson.dumps({"kind": "erase", "model": model}).decode())
    return saved


def receipt_of(storage: Storage, request: Request) -> Receipt:
    """The receipt of a request that nothing has been done about yet."""
    hashed = _hash(load_key(storage), request.id, request.key)
    text = "The erasure was asked for and has not begun."
    return Receipt(id=request.id, key_hash=hashed, at=request.at, status="asked", text=text, due=request.at)


def find(storage: Storage, model: str, identity: str) -> Receipt:
    """A receipt by its id. Raises NotFound."""
    try:
        blob = storage.get(CONTROL, _receipt(model, identity))
    except Missing:
        blob = None
    if blob is None:
        raise NotFound(f"Model '{model}' has no erasure '{identity}'. GET /models/{model}/erasures lists them.")
    return Receipt(**orjson.loads(blob.data), etag=blob.etag)


def all_of(storage: Storage, model: str) -> list[Receipt]:
    """All receipts of a model, oldest first."""
    root = f"{model}/erasures/"
    names = [info.name.removeprefix(root).removesuffix(".json") for info in storage.find(CONTROL, root)]
    return [find(storage, model, name) for name in names]


def among(storage: Storage, receipts: Iterable[Receipt], keys: Collection[str]) -> set[str]:
    """Those of some keys that the receipts are about; every key is hashed for each of them."""
    secret = load_key(storage)
    return {key for one in receipts for key in keys if _hash(secret, one.id, key) == one.key_hash}


def is_open(storage: Storage, model: str) -> bool:
    """Whether anything is asked for and not done yet."""
    return any(True for _ in storage.find(CONTROL, f"{model}/erasing/"))


def open_requests(storage: Storage, model: str) -> list[Request]:
    """What is asked for and not done yet, oldest first."""
    found: list[Request] = []
    for info in list(storage.find(CONTROL, f"{model}/erasing/")):
        try:
            blob = storage.get(CONTROL, info.name)
        except Missing:
            continue  # done by another process since it was listed
        assert blob is not None  # noqa: S101  (no ETag was given)
        data = orjson.loads(blob.data)
        found.append(Request(**{**data, "ids": tuple(data.get("ids", ()))}, etag=blob.etag))
    return found


def remember(storage: Storage, model: str, request: Request) -> Request:
    """Store what is known of a request. Raises Conflict when another process is at it."""
    data = asdict(request)
    del data["etag"]
    return Request(**{**data, "etag": _moved(storage, _request(model, request.id), data, request.etag)})


def close(storage: Storage, model: str, request: Request) -> None:
    """Forget a request that is done, and the key with it."""
    storage.delete(CONTROL, _request(model, request.id))


def save(storage: Storage, model: str, receipt: Receipt) -> Receipt:
    """Store a receipt. Raises Conflict when another process has moved it since it was read."""
    etag = _moved(storage, _receipt(model, receipt.id), receipt.to_json(), receipt.etag)
    return Receipt(**receipt.to_json(), etag=etag)


def closes(request: Request) -> datetime:
    """From when on the log can be changed wherever it holds lines from before a request."""
    asked = datetime.fromisoformat(request.at)
    return asked.replace(minute=0, second=0, microsecond=0) + OPEN_FOR


def _hash(secret: bytes, identity: str, key: str) -> str:
    text = f"{identity}\n{key}".encode()
    return hashlib.blake2b(text, key=secret, digest_size=16, person=b"ever-erasure").hexdigest()


def _moved(storage: Storage, name: str, data: Mapping[str, Any], etag: str | None) -> str:
    try:
        return move(storage, name, orjson.dumps(data), etag)
    except Precondition as error:
        raise Conflict(f"Another process carries out the erasure {data['id']}. It goes on with it.") from error


def _request(model: str, identity: str) -> str:
    return f"{model}/erasing/{identity}.json"


def _receipt(model: str, identity: str) -> str:
    return f"{model}/erasures/{identity}.json"
