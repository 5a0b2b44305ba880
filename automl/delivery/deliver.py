"""The deliveries of one tick: model by model in the order of their events, in a time that no receiver can stretch.

Before it sends, a monitor puts its name into the mark of the model, so that of two at once one sends. After each
event the mark is moved. Who dies in between leaves one event that may have arrived; it is sent again once the name
has lapsed, under the id it had.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from automl import spec
from automl.delivery import line, marks
from automl.delivery.failures import Failures
from automl.delivery.marks import Mark
from automl.errors import Conflict, NotFound
from automl.events import Clock, Event, iso
from automl.registry import Registry
from automl.settings import Settings

if TYPE_CHECKING:
    from automl.delivery.webhook import Webhook

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A model whose next event is due."""

    model: str
    mark: Mark
    event: Event


def deliver_all(registry: Registry, settings: Settings, clock: Clock) -> int:
    """Deliver what is due of every model; how many events arrived.

    What goes wrong with one model is logged, and the others have their turn. When the receiver itself fails, the tick
    ends there.
    """
    if not settings.webhook_url:
        return 0
    due = list(_due(registry, settings, clock))
    return asyncio.run(_deliver(due, registry, settings, clock)) if due else 0


def _due(registry: Registry, settings: Settings, clock: Clock) -> Iterator[Waiting]:
    """The models that something is due of, found without a word to the receiver."""
    target = hashlib.sha256(settings.webhook_url.encode()).hexdigest()[:16]
    for model in registry.models():
        try:
            found = _next(registry, model, marks.load(registry.storage, model, target), settings, clock)
        except NotFound:
            continue  # a model that is being removed: nothing more may be written of it
        except Exception as error:  # noqa: BLE001  (whatever is stored of one model, the others have their turn)
            _log.error("The events of model %s could not be looked at.", model, exc_info=error)
            continue
        if found is not None:
            yield found


def _next(registry: Registry, model: str, mark: Mark, settings: Settings, clock: Clock) -> Waiting | None:
    now = clock()
    if mark.gone or any(moment and iso(now) < moment for moment in (mark.held_until, mark.next_try)):
        return None
    mark, event = line.next_event(registry, model, mark, now)
    oldest = now - timedelta(hours=settings.webhook_give_up_h)
    if event is not None and event.at < oldest and not mark.tries:
        # Nobody has been sending for so long: a new receiver, or one that comes back, is not told of old times.
        mark, event = line.next_event(registry, model, line.skip_to(registry, model, mark, oldest), now)
    if event is None:
        return None
    spec.load(registry.storage, model)
    return Waiting(model=model, mark=mark, event=event)


async def _deliver(due: list[Waiting], registry: Registry, settings: Settings, clock: Clock) -> int:
    import httpx

    from automl.delivery.webhook import Webhook

    until = asyncio.get_running_loop().time() + settings.webhook_tick_s
    arrived = 0
    async with httpx.AsyncClient(timeout=None, follow_redirects=False) as client:  # noqa: S113  (webhook bounds it)
        desk = Desk(registry, settings, clock, Webhook(settings, clock, client), until)
        for one in due:
            try:
                count, goes_on = await desk.serve(one)
            except Conflict:
                continue  # another monitor is at it
            except Exception as error:  # noqa: BLE001  (whatever it is, the other models have their turn)
                _log.error("The events of model %s could not be delivered.", one.model, exc_info=error)
                continue
            arrived += count
            if not goes_on:
                break
    return arrived


class Desk:
    """Delivers the events of one model after another to one receiver.

    Parameters
    ----------
    until
        No attempt begins after this time of the event loop.
    """

    def __init__(self, registry: Registry, settings: Settings, clock: Clock, webhook: Webhook, until: float) -> None:
        self._registry = registry
        self._settings = settings
        self._clock = clock
        self._webhook = webhook
        self._until = until
        self._failures = Failures(registry.storage, settings, clock)

    async def serve(self, one: Waiting) -> tuple[int, bool]:
        """Deliver one model's events in order; how many arrived, and whether there is time and a receiver for more.

        Raises
        ------
        Conflict
            Another monitor is delivering them.
        """
        storage, model = self._registry.storage, one.model
        mark, event = marks.save(storage, model, self._held(one.mark)), one.event
        arrived, goes_on, following = 0, True, True
        while goes_on and following:
            outcome = await self._webhook.send(model, event)
            if outcome.verdict == "delivered":
                mark, arrived = mark.past(event.seq), arrived + 1
            else:
                mark = self._failures.after(model, mark, event, outcome)
            mark = marks.save(storage, model, mark)
            goes_on = outcome.verdict in ("delivered", "refused") and not self._is_over()
            following = False
            if goes_on and not mark.tries:
                mark, after = line.next_event(self._registry, model, mark, self._clock())
                following, event = after is not None, after or event
        marks.save(storage, model, replace(mark, holder=None, held_until=None))
        return arrived, goes_on

    def _held(self, mark: Mark) -> Mark:
        """The mark with this monitor's name, for longer than a tick can last."""
        longest_s = self._settings.webhook_tick_s + 2 * self._settings.webhook_timeout_s + 60
        return replace(mark, holder=uuid.uuid4().hex, held_until=iso(self._clock() + timedelta(seconds=longest_s)))

    def _is_over(self) -> bool:
        return asyncio.get_running_loop().time() >= self._until
