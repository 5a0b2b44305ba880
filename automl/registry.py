"""The champion pointer of each model, over its versions: which one answers, which one is being judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import orjson

from automl import events
from automl.errors import Conflict, NotFound
from automl.events import Clock, Event
from automl.storage import CONTROL, Missing, Precondition, Storage
from automl.telemetry.meter import Meter
from automl.telemetry.metrics import PROMOTIONS
from automl.versions import Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Which version answers, which one is being judged, and which one answered before.

    Parameters
    ----------
    since
        When the champion became champion, ISO 8601.
    event
        Number of the event that moved the pointer here.
    """

    champion: str
    challenger: str | None
    previous: str | None
    since: str
    event: int
    etag: str

    def to_json(self) -> dict[str, Any]:
        """This pointer as it is stored and shown."""
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "previous": self.previous,
            "since": self.since,
            "event": self.event,
        }


class Registry(Versions):
    """The models, their versions and their champion pointers."""

    def __init__(self, storage: Storage, clock: Clock, meter: Meter | None = None) -> None:
        super().__init__(storage)
        self.clock = clock
        self.meter = meter or Meter()

    def models(self) -> list[str]:
        """Names of all models that have a spec or a version, sorted."""
        return self.storage.folders(CONTROL)

    def pointer(self, model: str) -> Pointer:
        """The champion pointer. Raises NotFound where no version has become champion yet."""
        found = self.pointer_unless(model, None)
        assert found is not None  # noqa: S101  (None only comes for an unchanged ETag)
        return found

    def pointer_unless(self, model: str, etag: str | None) -> Pointer | None:
        """The champion pointer, or None while its ETag is still `etag`. Raises NotFound."""
        try:
            blob = self.storage.get(CONTROL, _pointer(model), unless=etag)
        except Missing:
            raise NotFound(
                f"Model '{model}' has no champion yet. Train it with POST /models/{model}/train, or see its runs."
            ) from None
        return None if blob is None else Pointer(**orjson.loads(blob.data), etag=blob.etag)

    def register(self, model: str, version: str) -> Event | None:
        """Make a version champion where there is none, else challenger; None when it has been either already.

        A challenger whose comparison had not ended is replaced, and the event says so.
        """
        self.manifest(model, version)
        try:
            now = self.pointer(model)
        except NotFound:
            text = f"Version {version} is the first of model {model} and became its champion."
            return self._move(model, None, "registered", text, champion=version, challenger=None, previous=None)
        if any(version in (event.pointer or {}).values() for event in self._effective(model, now)):
            return None
        text = f"Version {version} of model {model} was registered as challenger of {now.champion}."
        if now.challenger:
            text += f" The comparison of {now.challenger} ended undecided."
        return self._move(
            model, now, "registered", text, champion=now.champion, challenger=version, previous=now.previous
        )

    def promote(
        self, model: str, version: str | None, reason: str, evidence: Mapping[str, Any] | None = None
    ) -> Event:
        """Make the challenger (or any named version) champion. Raises NotFound, Conflict."""
        now = self.pointer(model)
        chosen = version or now.challenger
        if chosen is None:
            raise Conflict(f"Model '{model}' has no challenger to promote. Name a version, or train one.")
        if chosen == now.champion:
            raise Conflict(f"Version '{chosen}' is the champion of model '{model}' already.")
        self.manifest(model, chosen)
        challenger = None if chosen == now.challenger else now.challenger
        return self._move(
            model, now, "promoted", reason, evidence, champion=chosen, challenger=challenger, previous=now.champion
        )

    def end_comparison(
        self, model: str, challenger: str, kind: str, reason: str, evidence: Mapping[str, Any] | None = None
    ) -> Event:
        """End the judging of a challenger with the champion staying (`kept` or `undecided`). Raises Conflict."""
        now = self.pointer(model)
        if now.challenger != challenger:
            raise Conflict(f"Version '{challenger}' is not the challenger of model '{model}' any more.")
        return self._move(
            model, now, kind, reason, evidence, champion=now.champion, challenger=None, previous=now.previous
        )

    def rollback(
        self, model: str, reason: str, evidence: Mapping[str, Any] | None = None, *, since: str | None = None
    ) -> Event:
        """Make the previous champion champion again. A challenger stays one, and is judged against it anew.

        Parameters
        ----------
        since
            Roll back the champion since then, and no other; None for whichever it is.

        Raises
        ------
        NotFound, Conflict
            There is none to roll back to, or another champion by now.
        """
        now = self.pointer(model)
        if since is not None and now.since != since:
            raise Conflict(f"Model '{model}' has had another champion since {now.since}. Look again.")
        if now.previous is None:
            raise Conflict(f"Model '{model}' has had only one champion, so there is none to roll back to.")
        self.manifest(model, now.previous)
        challenger = None if now.challenger == now.previous else now.challenger
        after = {"champion": now.previous, "challenger": challenger, "previous": now.champion}
        return self._move(model, now, "rolled-back", reason, evidence, **after)

    def recall(self, model: str, version: str, reason: str, evidence: Mapping[str, Any] | None = None) -> Event:
        """Make an earlier version challenger again. Raises NotFound, and Conflict where it or another is one."""
        now = self.pointer(model)
        if now.challenger or version == now.champion:
            raise Conflict(f"Version '{version}' cannot become challenger beside {now.challenger or now.champion}.")
        self.manifest(model, version)
        return self._move(
            model, now, "recalled", reason, evidence, champion=now.champion, challenger=version, previous=now.previous
        )

    def challenged(self, model: str) -> Event:
        """The event that made the challenger challenger. Raises NotFound where there is none."""
        now = self.pointer(model)
        if now.challenger is None:
            raise NotFound(f"Model '{model}' has no challenger.")
        course = takewhile(
            lambda event: (event.pointer or {}).get("challenger") == now.challenger, self._effective(model, now)
        )
        return list(course)[-1]

    def crowned(self, model: str) -> Event:
        """The event that made the champion champion."""
        now = self.pointer(model)
        reign = takewhile(
            lambda event: (event.pointer or {}).get("champion") == now.champion, self._effective(model, now)
        )
        return list(reign)[-1]

    def champion_at(self, model: str, when: datetime) -> str:
        """The version that was champion at a moment. Raises NotFound for a time before the first."""
        for event in self._effective(model, self.pointer(model)):
            if event.at <= when and event.pointer:
                return str(event.pointer["champion"])
        raise NotFound(f"Model '{model}' had no champion at {events.iso(when)}.")

    def _effective(self, model: str, pointer: Pointer) -> list[Event]:
        """The events that really moved the pointer, newest first."""
        chain: list[Event] = []
        seq: int | None = pointer.event
        while seq is not None:
            event = events.read(self.storage, model, seq)
            chain.append(event)
            seq = event.prior
        return chain

    def _move(
        self,
        model: str,
        now: Pointer | None,
        kind: str,
        text: str,
        evidence: Mapping[str, Any] | None = None,
        **after: str | None,
    ) -> Event:
        """Write the intent, then the pointer that names it."""
        prior = now.event if now else None
        event = events.write(
            self.storage, self.clock, model, kind=kind, text=text, evidence=evidence, pointer=after, prior=prior
        )
        same = now is not None and now.champion == after["champion"]
        since = now.since if now is not None and same else events.iso(event.at)
        body = orjson.dumps({**after, "since": since, "event": event.seq})
        try:
            if now is None:
                self.storage.put(CONTROL, _pointer(model), body, create=True)
            else:
                self.storage.put(CONTROL, _pointer(model), body, if_match=now.etag)
        except Precondition as error:
            # A write that was applied, but whose answer was lost, is retried by the SDK and refused. It was applied
            # when our event is part of the history, whoever has moved the pointer since.
            if all(seen.seq != event.seq for seen in self._effective(model, self.pointer(model))):
                raise Conflict(
                    f"Somebody else moved the champion of model '{model}' first. Look again before you decide."
                ) from error
        self.meter.add(PROMOTIONS, 1, model, event.kind)
        return event


def _pointer(model: str) -> str:
    return f"{model}/champion.json"
