"""Truth that is held back: kept in the log, and counted nowhere until a person releases it.

What is held is said by when it was received, an hour or several in a row, or by name. So nothing is copied, and every
reader of truth asks the same small blob.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from automl import events
from automl.errors import Conflict, NotFound
from automl.events import Clock, Event
from automl.moving import move
from automl.storage import CONTROL, Missing, Precondition, Storage

Status = Literal["held", "released", "dropped"]

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Truths that were held back together.

    Parameters
    ----------
    id
        Its name: the hour it began (`20261120T16`), with a hash behind it where only some of its truths are held.
    since_ms, until_ms
        Truths received at or after the one and before the other, epoch milliseconds.
    names
        Only the truths of these prediction ids or business keys; none: all that were received then.
    sources
        Only the truths that these have sent; an empty name stands for all who named none. None: whoever sent them.
    reasons
        What spoke against them: `flood`, `shift`, `source`, `values`.
    text
        The same as a sentence, with its numbers, as it was when they were first held.
    status
        `held`; `released`: a person has said that they count; `dropped`: that they never will.
    """

    id: str
    since_ms: int
    until_ms: int
    reasons: tuple[str, ...]
    text: str
    at: str
    names: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    status: Status = "held"

    def covers(self, truth: Mapping[str, Any]) -> bool:
        """Whether a record of the truth log is one of these."""
        if not self.since_ms <= truth["received"] < self.until_ms:
            return False
        if self.sources and truth.get("source", "") not in self.sources:
            return False
        return not self.names or str(truth.get("id") or truth["key"]) in self.names

    def to_json(self) -> dict[str, Any]:
        """This entry as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """All entries of a model, oldest first.

    Parameters
    ----------
    revision
        Grows when truths count that did not, or the other way round: whoever has counted has to begin anew.
    """

    entries: tuple[Entry, ...] = ()
    revision: int = 0
    etag: str | None = None

    def holds(self, truth: Mapping[str, Any]) -> bool:
        """Whether a record of the truth log does not count."""
        return any(entry.status != "released" and entry.covers(truth) for entry in self.entries)

    def of_hour(self, since_ms: int) -> Entry | None:
        """The entry that has all truths received in an hour, whatever became of it."""
        whole = (entry for entry in self.entries if not entry.names and not entry.sources)
        return next((entry for entry in whole if entry.since_ms <= since_ms < entry.until_ms), None)

    def of_sources(self, since_ms: int) -> list[Entry]:
        """The entries that have what single sources sent in an hour, whatever became of them."""
        return [one for one in self.entries if one.sources and one.since_ms <= since_ms < one.until_ms]


def load(storage: Storage, model: str) -> Quarantine:
    """The quarantine of a model, empty where nothing was ever held."""
    try:
        blob = storage.get(CONTROL, _blob(model))
    except Missing:
        blob = None
    if blob is None:
        return Quarantine()
    data = orjson.loads(blob.data)
    entries = tuple(_entry(entry) for entry in data["entries"])
    return Quarantine(entries=entries, revision=data["revision"], etag=blob.etag)


def save(storage: Storage, model: str, after: Quarantine) -> Quarantine:
    """Store a quarantine. Raises Conflict when somebody has moved it since it was read."""
    body = orjson.dumps({"entries": [entry.to_json() for entry in after.entries], "revision": after.revision})
    try:
        return replace(after, etag=move(storage, _blob(model), body, after.etag))
    except Precondition as error:
        raise Conflict(f"Somebody else moved the quarantine of model '{model}'. Look again.") from error


def settle(
    storage: Storage, clock: Clock, model: str, name: str, *, status: Literal["released", "dropped"], reason: str
) -> tuple[Entry, Event]:
    """Let held truths count, or say that they never will; the entry and the event that says so.

    Raises
    ------
    NotFound
        There is no such entry.
    Conflict
        It was settled otherwise before, or somebody is at it.
    """
    now = load(storage, model)
    entry = next((entry for entry in now.entries if entry.id == name), None)
    if entry is None:
        raise NotFound(f"Model '{model}' has no quarantine '{name}'. GET /models/{model}/quarantine lists them.")
    if entry.status not in ("held", status):
        raise Conflict(f"Quarantine '{name}' of model '{model}' was {entry.status} already.")
    settled = replace(entry, status=status)
    if entry.status == "held":
        entries = tuple(settled if one is entry else one for one in now.entries)
        save(storage, model, replace(now, entries=entries, revision=now.revision + (status == "released")))
    became = "count from now on" if status == "released" else "will never count"
    text = f"The truths of model {model} that were held back as {name} {became}: {reason}"
    evidence = {"key": name, "reason": reason}
    return settled, events.write_once(
        storage, clock, model, kind=f"quarantine-{status}", text=text, evidence=evidence
    )


def entry_id(since_ms: int) -> str:
    """The name of an entry that begins with an hour.

    >>> entry_id(1_763_654_400_000)
    '20251120T16'
    """
    return f"{datetime.fromtimestamp(since_ms / 1000, UTC):%Y%m%dT%H}"


def _entry(data: Mapping[str, Any]) -> Entry:
    fields: dict[str, Any] = {name: tuple(of) if isinstance(of, list) else of for name, of in data.items()}
    return Entry(**fields)


def _blob(model: str) -> str:
    return f"{model}/quarantine.json"
