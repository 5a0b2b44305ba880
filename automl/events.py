"""What happened to a model, one blob an event, each with a sentence and its evidence.

Events are numbered without gaps by create-only writes. An event that moves the champion pointer is written first,
as an intent; the pointer write then names it. `prior` links each such event to the one the pointer named before, so
following the links back from the pointer gives the one true history, and an intent that no link reaches is void.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from automl.storage import CONTROL, Missing, Precondition, Storage

Clock = Callable[[], datetime]
"""Gives the present moment, aware, in UTC. Passed in, never reached for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    Parameters
    ----------
    kind
        A short name, such as `promoted`, `alarm` or `run-failed`.
    text
        The same as a sentence, with its numbers.
    evidence
        The numbers behind it.
    pointer
        For an event that moves the champion pointer: champion, challenger and previous as they are after it.
    prior
        For such an event: the number of the event that the pointer named before, none for the first.
    """

    seq: int
    id: str
    at: datetime
    kind: str
    text: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    pointer: Mapping[str, str | None] | None = None
    prior: int | None = None

    def to_json(self) -> dict[str, Any]:
        """This event as a JSON object."""
        return asdict(self) | {"at": iso(self.at)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Event:
        """The event that `to_json` wrote."""
        return cls(**{**data, "at": datetime.fromisoformat(data["at"])})


def iso(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC, to the millisecond.

    >>> iso(datetime(2026, 11, 20, 16, tzinfo=UTC))
    '2026-11-20T16:00:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write(
    storage: Storage,
    clock: Clock,
    model: str,
    *,
    kind: str,
    text: str,
    evidence: Mapping[str, Any] | None = None,
    pointer: Mapping[str, str | None] | None = None,
    prior: int | None = None,
) -> Event:
    """Write an event under the next free number and return it."""
    event = Event(
        seq=_last(storage, model) + 1,
        id=uuid.uuid4().hex,
        at=clock(),
        kind=kind,
        text=text,
        evidence=dict(evidence or {}),
        pointer=pointer,
        prior=prior,
    )
    while not _create(storage, model, event):
        event = replace(event, seq=event.seq + 1, at=clock())
    return event


def write_once(
    storage: Storage, clock: Clock, model: str, *, kind: str, text: str, evidence: Mapping[str, Any]
) -> Event:
    """Write an event unless one of its kind has the same `key` in its evidence; that one, or the new.

    The number it is written under is the one after all that were looked at, so that of many writers at once one wins
    and the others find what it wrote.
    """
    identity = uuid.uuid4().hex
    while True:
        seen = history(storage, model)
        for event in seen:
            if event.kind == kind and event.evidence.get("key") == evidence["key"]:
                return event
        seq = max((event.seq for event in seen), default=0) + 1
        event = Event(seq=seq, id=identity, at=clock(), kind=kind, text=text, evidence=dict(evidence))
        if _create(storage, model, event):
            return event


def read(storage: Storage, model: str, seq: int) -> Event:
    """The event with that number. Raises Missing."""
    blob = storage.get(CONTROL, _name(model, seq))
    if blob is None:
        raise Missing(_name(model, seq))
    return Event.from_json(orjson.loads(blob.data))


def history(storage: Storage, model: str) -> list[Event]:
    """Every event of a model, void intents included, oldest first."""
    return [read(storage, model, seq) for seq in _numbers(storage, model)]


def after(storage: Storage, model: str, seq: int) -> Iterator[Event]:
    """The events that follow a number, void intents included, oldest first. Reads no more than it gives, and one."""
    while True:
        seq += 1
        try:
            event = read(storage, model, seq)
        except Missing:  # numbers have no gaps
            return
        yield event


def last_before(storage: Storage, model: str, moment: datetime) -> int:
    """The number of the newest event that is older than a moment; 0 where there is none."""
    older = (seq for seq in reversed(_numbers(storage, model)) if read(storage, model, seq).at < moment)
    return next(older, 0)


def _create(storage: Storage, model: str, event: Event) -> bool:
    """Write an event under its number; whether nobody else has that number."""
    try:
        storage.put(CONTROL, _name(model, event.seq), orjson.dumps(event.to_json()), create=True)
    except Precondition:
        return read(storage, model, event.seq).id == event.id  # ours when only the answer to the write was lost
    return True


def _last(storage: Storage, model: str) -> int:
    return max(_numbers(storage, model), default=0)


def _numbers(storage: Storage, model: str) -> list[int]:
    """Numbers of all events, in their order."""
    prefix = f"{model}/events/"
    return [int(info.name[len(prefix) :].removesuffix(".json")) for info in storage.find(CONTROL, prefix)]


def _name(model: str, seq: int) -> str:
    return f"{model}/events/{seq:08d}.json"
