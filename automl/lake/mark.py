"""How far a model's log has been moved into its lake, in one small blob that is read without loading anything heavy.

Where a row is to be found follows from it alone: days before `kept_from` are in the lake and no longer in the log,
all others in the log. It is moved on before anything is removed, and only over what the lake has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from automl.errors import Conflict
from automl.moving import move
from automl.storage import CONTROL, Missing, Precondition, Storage


@dataclass(slots=True, kw_only=True)
class Mark:
    """The blob.

    Parameters
    ----------
    kept_from
        `YYYY-MM-DD`: the first day that is read from the log. Empty: every day is.
    moved
        The monitor's own place in the log when all up to there was last seen to be in the lake.
    tended
        `YYYY-MM-DD`: when files were last put together and old ones removed.
    emptied
        `YYYY-MM-DD`: predictions of days before it have no features any more.
    """

    kept_from: str = ""
    moved: dict[str, Any] = field(default_factory=dict)
    tended: str = ""
    emptied: str = ""
    etag: str | None = None

    def is_current(self, place: Mapping[str, Any], today: str) -> bool:
        """Whether all up to a place is in the lake, and the lake was tended today."""
        return self.moved == place and self.tended == today


def load(storage: Storage, model: str) -> Mark:
    """The mark as it was last saved; a new one when nothing was ever moved."""
    try:
        blob = storage.get(CONTROL, _blob(model))
    except Missing:
        blob = None
    return Mark() if blob is None else Mark(**orjson.loads(blob.data), etag=blob.etag)


def save(storage: Storage, model: str, mark: Mark) -> None:
    """Store the mark and note its new ETag. Raises Conflict when another pass saved its own since."""
    data = asdict(mark)
    del data["etag"]
    body = orjson.dumps(data)
    try:
        mark.etag = move(storage, _blob(model), body, mark.etag)
    except Precondition as error:
        raise Conflict(f"Another monitor pass tends the lake of model '{model}'.") from error


def _blob(model: str) -> str:
    return f"{model}/lake.json"
