"""How far the events of a model have been delivered: one small blob, moved by If-Match."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

import orjson

from automl.errors import Conflict
from automl.moving import move
from automl.storage import CONTROL, Missing, Precondition, Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where the deliveries of a model stand.

    Parameters
    ----------
    target
        Hash of the receiver's URL. For another receiver the marks begin anew.
    sent
        Every event up to this number has been delivered or given up, or never came to be, but for those in `open`.
    open
        Moves of the champion pointer that were passed over while nobody could say whether they would come to be.
    tries, first_try, next_try, reason
        Of the event that is next: attempts so far, the first of them, when the next is due (ISO 8601), why it failed.
    gone
        Whether the receiver has said that it wants no more events.
    holder, held_until
        Who is delivering, and until when nobody else does (ISO 8601).
    etag
        Of the blob as it was read; not stored.
    """

    target: str
    sent: int = 0
    open: tuple[int, ...] = ()
    tries: int = 0
    first_try: str | None = None
    next_try: str | None = None
    reason: str | None = None
    gone: bool = False
    holder: str | None = None
    held_until: str | None = None
    etag: str | None = None

    def past(self, seq: int, last: int = 0) -> Mark:
        """The mark once an event, and all up to `last`, need no more attempts."""
        still = tuple(number for number in self.open if number != seq)
        sent = max(self.sent, seq, last)
        return replace(self, sent=sent, open=still, tries=0, first_try=None, next_try=None, reason=None)


def load(storage: Storage, model: str, target: str) -> Mark:
    """The mark of a model for a receiver; an empty one where there is none, or one for another receiver."""
    try:
        blob = storage.get(CONTROL, _blob(model))
    except Missing:
        blob = None
    if blob is None:
        return Mark(target=target)
    data = orjson.loads(blob.data)
    if data.keys() != _STORED or data["target"] != target:
        return Mark(target=target, etag=blob.etag)
    return Mark(**{**data, "open": tuple(data["open"])}, etag=blob.etag)


def save(storage: Storage, model: str, mark: Mark) -> Mark:
    """Store a mark; the same with its new ETag.

    Raises
    ------
    Conflict
        Another monitor has moved it since it was read.
    """
    data = asdict(mark)
    del data["etag"]
    body = orjson.dumps(data)
    try:
        return replace(mark, etag=move(storage, _blob(model), body, mark.etag))
    except Precondition as error:
        raise Conflict(f"Another monitor is delivering the events of model '{model}'.") from error


_STORED = {item.name for item in fields(Mark)} - {"etag"}


def _blob(model: str) -> str:
    return f"{model}/webhook.json"
