"""A model with events, a receiver that listens, and a monitor's tick that delivers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from automl import events, spec
from automl.delivery.deliver import deliver_all
from automl.delivery.marks import Mark
from automl.events import Event
from automl.registry import Registry
from automl.settings import Settings
from automl.spec import Spec
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.support.receiver import Receiver, receiving

MODEL = "adult"


@dataclass
class Sender:
    """What a training role has, and the receiver it is told of."""

    settings: Settings
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    clock: FixedClock = field(default_factory=FixedClock)

    def __post_init__(self) -> None:
        self.registry = Registry(self.storage, self.clock)
        self.model(MODEL)

    def model(self, name: str) -> None:
        spec.save(self.storage, Spec.from_json({"name": name, "target": "income"}))

    def event(self, kind: str = "alarm", model: str = MODEL, **more: Any) -> Event:
        return events.write(self.storage, self.clock, model, kind=kind, text=f"A {kind}.", **more)

    def move(self, champion: str, prior: int | None) -> Event:
        """An intent to move the pointer that has not been carried out."""
        after = {"champion": champion, "challenger": None, "previous": None}
        return self.event("promoted", pointer=after, prior=prior)

    def carry_out(self, intent: Event) -> None:
        """Move the pointer as an intent says."""
        import orjson

        assert intent.pointer is not None
        body = {**intent.pointer, "since": events.iso(intent.at), "event": intent.seq}
        self.storage.put("control", f"{MODEL}/champion.json", orjson.dumps(body))

    def tick(self) -> int:
        return deliver_all(self.registry, self.settings, self.clock)

    def told(self, kind: str = "undelivered", model: str = MODEL) -> list[Event]:
        return [event for event in events.history(self.storage, model) if event.kind == kind]

    def with_settings(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)


def mark_of(sender: Sender) -> dict[str, Any]:
    """The stored mark of the model."""
    import orjson

    blob = sender.storage.get("control", f"{MODEL}/webhook.json")
    assert blob is not None
    found: dict[str, Any] = orjson.loads(blob.data)
    assert found.keys() <= set(Mark.__slots__)
    return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def sender(receiver: Receiver) -> Sender:
    return Sender(Settings(webhook_url=receiver.url, webhook_origin="evergreen.example.com"))
