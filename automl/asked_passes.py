"""A monitor pass that somebody asked for, and what came of it.

Who asks gets an id and looks whether that very pass has ended: a pass that was under way already may have read the
logs before what the caller wants to see was in them.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Literal

import orjson

from automl.errors import NotFound
from automl.events import Clock, iso
from automl.moving import move
from automl.storage import CONTROL, Missing, Precondition, Storage

Status = Literal["asked", "done", "stopped", "failed"]

KEPT = timedelta(days=1)
"""How long what came of a pass can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPass:
    """A pass that was asked for.

    Parameters
    ----------
    at
        When it was asked for, ISO 8601.
    status
        `asked`: it has not ended; `done`: a pass that began later has come to its end; `stopped`: each that was tried
        was overtaken by another, which may have begun before; `failed`: it broke, and is tried again by the queue.
    text
        The same in a sentence; of a pass that is done, what it did.
    ended
        When it ended, ISO 8601.
    """

    id: str
    at: str
    status: Status = "asked"
    text: str = "A monitor pass was asked for."
    ended: str | None = None
    etag: str | None = None

    def to_json(self) -> dict[str, Any]:
        """This pass as it is stored and shown."""
        data = asdict(self)
        del data["etag"]
        return data


def ask(storage: Storage, clock: Clock, model: str, *, queue: str) -> AskedPass:
    """Ask the training role for a pass."""
    now = clock()
    asked = AskedPass(id=f"{now:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}", at=iso(now))
    etag = storage.put(CONTROL, _name(model, asked.id), orjson.dumps(asked.to_json()), create=True)
    storage.send(queue, orjson.dumps({"kind": "monitor", "model": model, "asked": asked.id}).decode())
    return replace(asked, etag=etag)


def find(storage: Storage, model: str, identity: str) -> AskedPass:
    """A pass by its id. Raises NotFound."""
    try:
        blob = storage.get(CONTROL, _name(model, identity))
    except Missing:
        blob = None
    if blob is None:
        raise NotFound(f"Nobody has asked for the pass '{identity}' of model '{model}', or it was long ago.")
    return AskedPass(**orjson.loads(blob.data), etag=blob.etag)


def settle(storage: Storage, clock: Clock, model: str, identity: str, *, status: Status, text: str) -> None:
    """Record the end of a pass, and forget those of long ago. Where the model is gone there is nobody to tell."""
    now = clock()
    try:
        asked = find(storage, model, identity)
        ended = replace(asked, status=status, text=text, ended=iso(now))
        move(storage, _name(model, identity), orjson.dumps(ended.to_json()), asked.etag)
    except (NotFound, Precondition):
        return
    oldest = _name(model, f"{now - KEPT:%Y%m%dT%H%M%SZ}")
    for info in list(storage.find(CONTROL, _name(model, "").removesuffix(".json"))):
        if info.name < oldest:
            storage.delete(CONTROL, info.name)


def _name(model: str, identity: str) -> str:
    return f"{model}/passes/{identity}.json"
