"""What follows when an event did not arrive: another attempt later, or the end of trying, which people are told."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from automl import events
from automl.delivery.marks import Mark
from automl.events import Clock, Event, iso
from automl.settings import Settings
from automl.storage import Storage

if TYPE_CHECKING:
    from automl.delivery.webhook import Outcome

FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 3600.0
"""The pause after a first failed attempt, doubled after each further one up to the longest, in seconds."""

REFUSALS = 5
"""How often an event is tried that the receiver refuses as such: the events behind it must not wait for a day."""

UNDELIVERED = "undelivered"
"""Kind of the event that says that others were given up."""

_log = logging.getLogger(__name__)


def pause_s(tries: int) -> float:
    """How long an event waits after so many failed attempts, in seconds.

    >>> [pause_s(tries) for tries in (1, 2, 3, 7, 8, 30)]
    [30.0, 60.0, 120.0, 1920.0, 3600.0, 3600.0]
    """
    return float(min(FIRST_PAUSE_S * 2 ** min(tries - 1, 20), LONGEST_PAUSE_S))


class Failures:
    """What to do about attempts that failed.

    Parameters
    ----------
    settings
        `webhook_give_up_h`: how long an event is tried.
    """

    def __init__(self, storage: Storage, settings: Settings, clock: Clock) -> None:
        self._storage = storage
        self._span = timedelta(hours=settings.webhook_give_up_h)
        self._clock = clock

    def after(self, model: str, mark: Mark, event: Event, outcome: Outcome) -> Mark:
        """The mark after a failed attempt: with the next one's time, or past what is given up.

        An event that has been tried for `webhook_give_up_h` is given up together with all that have grown as old
        behind it. One that the receiver refuses is given up alone, after `REFUSALS` attempts.
        """
        now, tries, why = self._clock(), mark.tries + 1, outcome.reason
        text = "Event %d of model %s did not reach the webhook (attempt %d): %s."
        _log.warning(text, event.seq, model, tries, why)
        tried = replace(mark, tries=tries, first_try=mark.first_try or iso(now), reason=why)
        if now - datetime.fromisoformat(tried.first_try or "") >= self._span:
            last = max(event.seq, events.last_before(self._storage, model, now - self._span))
        elif outcome.verdict == "gone" or (outcome.verdict == "refused" and tries >= REFUSALS):
            last = event.seq
        else:
            due = now + timedelta(seconds=max(pause_s(tries), outcome.wait_s))
            return replace(tried, next_try=iso(due))
        self._give_up(model, tried, event, last, is_gone=outcome.verdict == "gone")
        return replace(tried.past(event.seq, last), gone=outcome.verdict == "gone")

    def _give_up(self, model: str, tried: Mark, event: Event, last: int, *, is_gone: bool) -> None:
        """Say in the log, and once in the model's events, what is given up."""
        text = (
            f"Event {event.seq} ({event.kind}) of model {model} was not delivered to the webhook and is given up: at "
            f"attempt {tried.tries} since {tried.first_try}, {tried.reason}."
        )
        if last > event.seq:
            text += f" So are the events up to {last}, which have waited behind it as long."
        if is_gone:
            text += " Nothing more is sent there until EVERGREEN_WEBHOOK_URL names another receiver."
        _log.error("%s", text)
        if event.kind == UNDELIVERED:
            return  # it would be the next to be given up, and so on for ever
        evidence = {"key": event.id, "seq": event.seq, "last": last, "kind": event.kind, "tries": tried.tries}
        evidence |= {"since": tried.first_try, "reason": tried.reason}
        events.write_once(self._storage, self._clock, model, kind=UNDELIVERED, text=text, evidence=evidence)
