"""Which event of a model is next, now that some of them may never come to be.

A move of the champion pointer is written down before the pointer moves. If the pointer was moved by somebody else in
between, or the writer died, that event is void and nobody must be told of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from automl import events
from automl.delivery.marks import Mark
from automl.errors import NotFound
from automl.events import Event
from automl.registry import Registry

SETTLES_AFTER = timedelta(minutes=5)
"""How long after its event the pointer is waited for; a writer's last attempt ends well before."""


def skip_to(registry: Registry, model: str, mark: Mark, since: datetime) -> Mark:
    """The mark before the first event that is not older than `since`."""
    return replace(mark, sent=max(mark.sent, events.last_before(registry.storage, model, since)), open=())


def next_event(registry: Registry, model: str, mark: Mark, now: datetime) -> tuple[Mark, Event | None]:
    """The next event to deliver, with the mark moved past what needs no delivery; None when there is nothing yet."""
    for seq in mark.open:
        event = events.read(registry.storage, model, seq)
        is_real = _came_to_be(registry, model, event)
        if is_real:
            return mark, event
        if is_real is False:
            mark = replace(mark, open=tuple(number for number in mark.open if number != seq))
    for event in events.after(registry.storage, model, mark.sent):
        is_real = _came_to_be(registry, model, event)
        if is_real:
            return mark, event
        if is_real is None:
            if now - event.at < SETTLES_AFTER:
                break
            mark = replace(mark, open=(*mark.open, event.seq))
        mark = replace(mark, sent=event.seq)
    return mark, None


def _came_to_be(registry: Registry, model: str, event: Event) -> bool | None:
    """Whether an event is part of what happened; None while the pointer may still move to it."""
    if event.pointer is None:
        return True
    try:
        seq: int | None = registry.pointer(model).event  # read after the event, so a later number is final
    except NotFound:
        return None
    if seq is None or seq < event.seq:
        return None
    while seq is not None and seq > event.seq:
        seq = events.read(registry.storage, model, seq).prior
    return seq == event.seq
