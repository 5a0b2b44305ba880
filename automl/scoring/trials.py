"""The challengers in memory that answer a share of the requests for their champion (`promotion.share` of the spec).

Only a model that has a challenger has its spec read for it, once a look; only where the share is more than 0 is the
challenger loaded, by the thread that looks, never by a request. Whatever goes wrong with it, the champion answers.
"""

from __future__ import annotations

import logging
from functools import partial

from automl import spec
from automl.errors import EvergreenError, Unavailable
from automl.events import Clock, iso
from automl.registry import Registry
from automl.scoring.cache import Sessions
from automl.scoring.session import ModelSession
from automl.scoring.trial import Trial
from automl.telemetry.metrics import LOAD_FAILURES

logger = logging.getLogger(__name__)


class Trials:
    """Begins and ends the trials of challengers, as pointer and spec have them."""

    def __init__(self, registry: Registry, sessions: Sessions, clock: Clock) -> None:
        self._registry = registry
        self._sessions = sessions
        self._clock = clock
        self._troubles: dict[str, str] = {}

    def look(self, champion: ModelSession, challenger: str | None) -> None:
        """Let the challenger of a champion's model take its share from now on, or no more.

        While storage cannot be read, all stays as it is.
        """
        before = champion.trial
        try:
            champion.trial = after = self._now(champion, challenger)
        except Unavailable as error:
            self._note(champion.model, f"Challenger {challenger} cannot be read yet: {error}")
            return
        except EvergreenError as error:
            champion.trial = after = None
            self._note(champion.model, f"Challenger {challenger} cannot answer its share, the champion does: {error}")
        else:
            self._troubles.pop(champion.model, None)
        if before is not None and (after is None or after.version != before.version):
            self._sessions.forget(before.model, before.version)

    def _now(self, champion: ModelSession, challenger: str | None) -> Trial | None:
        model = champion.model
        if challenger is None:
            return None
        share = spec.load(self._registry.storage, model).promotion.share
        if not share:
            return None
        try:
            self._sessions.get(model, challenger)
        except EvergreenError:
            self._registry.meter.add(LOAD_FAILURES, 1, model, "challenger")
            raise
        cached = partial(self._sessions.cached, model, challenger)
        return Trial(model=model, version=challenger, share=share, cached=cached)

    def _note(self, model: str, text: str) -> None:
        """Log what is new."""
        if self._troubles.get(model) != text:
            self._troubles[model] = text
            logger.error("Model %s, %s: %s", model, iso(self._clock()), text)
