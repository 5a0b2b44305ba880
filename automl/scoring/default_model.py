"""The model that routes without a model's name speak of."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from automl.errors import NotFound, Unavailable
from automl.events import Clock
from automl.registry import Registry
from automl.settings import Settings


class DefaultModel:
    """The model that the settings name, else the only one there is.

    Which one that is, is looked up again every `champion_refresh_s`: a second model makes the choice unclear.
    """

    def __init__(self, registry: Registry, settings: Settings, clock: Clock) -> None:
        self._registry = registry
        self._named = settings.default_model
        self._refresh = timedelta(seconds=settings.champion_refresh_s)
        self._clock = clock
        self._looking = threading.Lock()
        self._found: tuple[str, datetime] | None = None

    def known(self) -> str | None:
        """The model, where it need not be looked up. Never blocks."""
        if self._named:
            return self._named
        found = self._found
        return found[0] if found is not None and self._clock() - found[1] < self._refresh else None

    def get(self) -> str:
        """The model; blocks while it is looked up.

        Raises
        ------
        NotFound
            There is none, or more than one to choose from.
        Unavailable
            Storage cannot be read, and nothing is known from before.
        """
        if (model := self.known()) is not None:
            return model
        with self._looking:
            if (model := self.known()) is not None:
                return model  # looked up by the thread that was first
            try:
                model = _only(self._registry.models())
            except Unavailable:
                if self._found is None:
                    raise
                return self._found[0]
            self._found = model, self._clock()
            return model

    def is_(self, model: str) -> bool:
        """Whether it is this one. Blocks and raises Unavailable as `get` does."""
        try:
            return self.get() == model
        except NotFound:
            return False


def _only(models: list[str]) -> str:
    if len(models) == 1:
        return models[0]
    if not models:
        raise NotFound("There is no model yet. Create one with PUT /models/{model} and train it.")
    shown = ", ".join(models[:10]) + (", …" if len(models) > 10 else "")
    raise NotFound(
        f"Expected one model, got {len(models)}: {shown}. Set EVERGREEN_DEFAULT_MODEL, or name the model: "
        "POST /models/{model}/score."
    )
