"""The champion of each model, in memory.

A request takes what is there, without I/O. One background thread looks at the champion pointers by ETag; a new
champion is loaded and proves itself on its golden rows before it replaces the old one, and one that cannot leaves the
old one answering, with the reason in `troubles`. A request holds one session from beginning to end, so its answer
never mixes two versions.

With the pointer goes the list of columns that are never logged (`log.redaction`).

What looking costs: two conditional reads of a few hundred bytes for each model that was asked for since the last
look, so 40 a second for 100 busy models looked at every 5 s, and two a minute for each model at rest. The first
request after a rest is answered by the version in memory, which may be a minute behind, and has the pointer looked at
there and then.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakValueDictionary

from automl import spec
from automl.errors import EvergreenError, NotFound, Unavailable
from automl.events import Clock
from automl.log.redaction import Redaction
from automl.registry import Registry
from automl.scoring import runtime, turns
from automl.scoring.cache import Sessions
from automl.scoring.following import Following, Held
from automl.scoring.loading import load
from automl.scoring.once import Once
from automl.scoring.rounds import Rounds
from automl.scoring.session import ModelSession
from automl.scoring.trials import Trials
from automl.settings import Settings
from automl.telemetry.metrics import LOAD_DURATION, LOAD_FAILURES

LOADERS = 8
"""For how many requests at the same time models are loaded; others wait."""

REST_ROUNDS = 11
"""How many rounds a model that nobody asks for sits out between two looks."""


class Champions:
    """The champions this process has been asked for, and the other versions that requests have pinned.

    Parameters
    ----------
    settings
        `champion_refresh_s`: how often the pointers are looked at; `model_cache_bytes`, `max_model_bytes`.
    """

    def __init__(self, registry: Registry, settings: Settings, clock: Clock) -> None:
        runtime.few_heaps()
        turns.take_turns()
        self._registry = registry
        self._max_bytes = settings.max_model_bytes
        self._redactions: WeakValueDictionary[str, Redaction] = WeakValueDictionary()
        self._sharing = threading.Lock()
        self._sessions = Sessions(self._loaded, settings.model_cache_bytes, clock)
        self._following = Following(registry, self._sessions, clock)
        self._trials = Trials(registry, self._sessions, clock)
        self._held: dict[str, Held] = {}
        self._once: Once[str, ModelSession] = Once()
        self._loaders = ThreadPoolExecutor(LOADERS, thread_name_prefix="load")
        self._rounds = Rounds(settings.champion_refresh_s, self._asked, self.look)

    def cached(self, model: str, version: str | None = None) -> ModelSession | None:
        """The champion, or the version that is asked for, if it is in memory. Never blocks."""
        held = self._held.get(model)
        if held is not None:
            held.is_asked = True
            if held.rested:
                held.rested = 0
                self._rounds.call(model)
        if version is None and held is not None:
            version = held.version
        return None if version is None else self._sessions.cached(model, version)

    def get(self, model: str, version: str | None = None) -> ModelSession:
        """The champion, or the version that is asked for; blocks while storage is read when it is not in memory.

        Raises
        ------
        NotFound
            There is no such model or version, or no version of the model yet.
        Unavailable
            Storage cannot be read; or the version that is asked for must not answer; or neither the champion nor its
            predecessor can.
        """
        if (session := self.cached(model, version)) is not None:
            return session
        session = self._once(model, lambda: self._current(model)) if version is None else self._pinned(model, version)
        self._rounds.begin("champions")
        return session

    async def found(self, model: str, version: str | None = None) -> ModelSession:
        """As `get`, for the event loop: in threads that do nothing else, so that large requests hold up no load."""
        return await asyncio.get_running_loop().run_in_executor(self._loaders, self.get, model, version)

    def readiness(self, model: str, version: str | None = None) -> tuple[bool, str | None]:
        """Whether a model, or one version of it, can answer; loads it when it is not in memory, and blocks for that.

        Returns
        -------
        tuple
            False and the reason; or True and why it does not answer as it should, None when it does.

        Raises
        ------
        NotFound
            As `get`.
        """
        try:
            self.get(model, version)
        except Unavailable as error:
            return False, error.message
        held = None if version is not None else self._held.get(model)
        return True, None if held is None else held.trouble or held.unread or self._unlogged(model)

    def look(self, model: str) -> None:
        """See what is not to be logged and whether the pointer moved; follow it if the new champion can answer.

        A challenger that is given a share of the requests is loaded here, and only here.
        """
        if (redaction := self._redactions.get(model)) is not None:
            redaction.look(self._registry.storage, model)
        if model not in self._held:
            return  # only versions of it were pinned, or the model was deleted
        try:
            session = self._once(model, lambda: self._current(model))
        except NotFound:
            return  # the model was deleted: it is forgotten already
        if (held := self._held.get(model)) is not None:
            if held.trouble:
                self._registry.meter.add(LOAD_FAILURES, 1, model, "champion")
            self._trials.look(session, held.challenger)

    def versions(self) -> dict[str, str]:
        """The version that answers for each model in memory."""
        return {
            model: held.version
            for model, held in sorted(self._held.items())
            if (model, held.version) in self._sessions
        }

    def troubles(self) -> list[str]:
        """Why this process does not answer with the champions it should, one sentence each."""
        return [
            f"Model '{model}': {text}"
            for model, held in sorted(self._held.items())
            for text in (held.trouble, held.unread or self._unlogged(model))
            if text
        ]

    def close(self) -> None:
        """End the background thread."""
        self._rounds.close()

    def _current(self, model: str) -> ModelSession:
        """The version that answers from now on. Called once at a time for a model."""
        before = self._held.get(model)
        try:
            held, session = self._following.now(model, before)
        except NotFound:
            self._held.pop(model, None)  # deleted: from now on it is as unknown here as anywhere
            spec.load(self._registry.storage, model)  # a model nobody has made is told apart from an untrained one
            raise
        self._held[model] = held
        if before is not None and before.version != held.version:
            self._sessions.forget(model, before.version)
        return session

    def _pinned(self, model: str, version: str) -> ModelSession:
        try:
            return self._sessions.get(model, version)
        except NotFound:
            spec.load(self._registry.storage, model)  # a model nobody has made is told apart from a missing version
            raise
        except Unavailable:
            raise
        except EvergreenError as error:
            raise Unavailable(f"Version '{version}' of model '{model}' cannot answer: {error}") from error

    def _asked(self) -> list[str]:
        """The models to look at in a round; those at rest sit most of them out, those out of memory are forgotten."""
        models: list[str] = []
        for model, held in list(self._held.items()):
            if (model, held.version) not in self._sessions:
                self._held.pop(model, None)
            elif held.is_asked or held.rested == REST_ROUNDS:
                held.is_asked, held.rested = False, 0
                models.append(model)
            else:
                held.rested += 1
        return models + [model for model in list(self._redactions) if model not in self._held]

    def _unlogged(self, model: str) -> str | None:
        """Why it is not known what is never to be logged of a model, or not known of late."""
        redaction = self._redactions.get(model)
        return None if redaction is None else redaction.trouble

    def _loaded(self, model: str, version: str) -> ModelSession:
        started = time.perf_counter_ns()
        with self._sharing:  # one for all versions of the model, for as long as one of them is in memory
            redaction = self._redactions.setdefault(model, Redaction())
        redaction.look(self._registry.storage, model)
        session = load(self._registry, model, version, max_bytes=self._max_bytes, redaction=redaction)
        self._registry.meter.observe(LOAD_DURATION, (time.perf_counter_ns() - started) / 1e6, model)
        return session
