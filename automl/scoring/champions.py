"""The champion of each model, in memory.

A request takes what is there, without I/O. One background thread looks at the champion pointers by ETag; a new
champion is loaded and proves itself on its golden rows before it replaces the old one, and one that cannot leaves the
old one answering, with the reason in `troubles`. A request holds one session from beginning to end, so its answer
never mixes two versions.

What looking costs: one conditional read of a few hundred bytes for each model that was asked for since the last look,
so 20 a second for 100 busy models looked at every 5 s, and none for models at rest. The first request after a rest is
answered by the version in memory and has the pointer looked at there and then.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import partial

from automl import spec
from automl.errors import EvergreenError, NotFound, Unavailable
from automl.events import Clock, iso
from automl.registry import Pointer, Registry
from automl.scoring import runtime
from automl.scoring.cache import Sessions
from automl.scoring.loading import load
from automl.scoring.once import Once
from automl.scoring.rounds import Rounds
from automl.scoring.session import ModelSession
from automl.settings import Settings
from automl.telemetry.metrics import LOAD_DURATION

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Held:
    """The version that answers for a model.

    Parameters
    ----------
    etag
        Of the pointer it was loaded for.
    trouble
        Why it is not the champion that the pointer names; None when it is.
    unread
        Why the pointer could not be read at the last look; None when it could.
    is_asked
        Whether a request came since the last look.
    is_resting
        Whether a look was left out because none came.
    """

    version: str
    etag: str
    trouble: str | None = None
    unread: str | None = None
    is_asked: bool = True
    is_resting: bool = False


class Champions:
    """The champions this process has been asked for, and the other versions that requests have pinned.

    Parameters
    ----------
    settings
        `champion_refresh_s`: how often the pointers are looked at; `model_cache_bytes`, `max_model_bytes`.
    """

    def __init__(self, registry: Registry, settings: Settings, clock: Clock) -> None:
        runtime.few_heaps()
        self._registry = registry
        self._clock = clock
        self._sessions = Sessions(
            partial(_timed, registry, max_bytes=settings.max_model_bytes), settings.model_cache_bytes, clock
        )
        self._held: dict[str, _Held] = {}
        self._once: Once[str, ModelSession] = Once()
        self._rounds = Rounds(settings.champion_refresh_s, self._asked, self.look)

    def cached(self, model: str, version: str | None = None) -> ModelSession | None:
        """The champion, or the version that is asked for, if it is in memory. Never blocks."""
        if version is not None:
            return self._sessions.cached(model, version)
        held = self._held.get(model)
        if held is None:
            return None
        held.is_asked = True
        if held.is_resting:
            held.is_resting = False
            self._rounds.call(model)
        return self._sessions.cached(model, held.version)

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
        if version is not None:
            return self._pinned(model, version)
        session = self._once(model, lambda: self._current(model))
        self._rounds.begin("champions")
        return session

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
        return True, None if held is None else held.trouble or held.unread

    def look(self, model: str) -> None:
        """See whether the pointer has moved, and follow it if the new champion can answer."""
        try:
            self._once(model, lambda: self._current(model))
        except NotFound:
            return  # the model was deleted: it is forgotten already

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
            for text in (held.trouble, held.unread)
            if text
        ]

    def close(self) -> None:
        """End the background thread."""
        self._rounds.close()

    def _current(self, model: str) -> ModelSession:
        """The version that answers from now on. Called once at a time for a model."""
        held = self._held.get(model)
        session = None if held is None else self._sessions.cached(model, held.version)
        try:
            if held is not None and session is not None:
                return self._looked(model, held, session)
            return self._first(model, self._registry.pointer(model))
        except NotFound:
            self._held.pop(model, None)  # deleted: from now on it is as unknown here as anywhere
            spec.load(self._registry.storage, model)  # a model nobody has made is told apart from an untrained one
            raise

    def _looked(self, model: str, held: _Held, session: ModelSession) -> ModelSession:
        """Follow the pointer if it has moved and can be read; `session` is in memory and answers meanwhile."""
        try:
            pointer = self._registry.pointer_unless(model, held.etag)
        except NotFound:
            raise
        except EvergreenError as error:
            held.unread = f"The champion pointer cannot be read: {error}"
            return session
        held.unread = None
        return session if pointer is None else self._follow(model, held, session, pointer)

    def _follow(self, model: str, held: _Held, old: ModelSession, pointer: Pointer) -> ModelSession:
        """The champion once the pointer has moved, or the old one while the new one cannot answer."""
        if pointer.champion == held.version:
            self._held[model] = _Held(version=held.version, etag=pointer.etag)
            return old
        try:
            session = self._sessions.get(model, pointer.champion)
        except Unavailable as error:  # the old ETag stays, so that the next look tries again
            self._in_trouble(model, held, f"Champion {pointer.champion} cannot be read yet: {error}")
            return old
        except EvergreenError as error:
            held.etag = pointer.etag
            text = f"Champion {pointer.champion} cannot answer: {error} Version {held.version} answers."
            self._in_trouble(model, held, text)
            return old
        self._held[model] = _Held(version=session.version, etag=pointer.etag)
        self._sessions.forget(model, held.version)
        logger.info("Model %s answers with version %s.", model, session.version)
        return session

    def _first(self, model: str, pointer: Pointer) -> ModelSession:
        """The champion of a cold start, or its predecessor where it cannot answer."""
        reasons: list[str] = []
        for version in filter(None, (pointer.champion, pointer.previous)):
            try:
                session = self._sessions.get(model, version)
            except Unavailable:
                raise
            except EvergreenError as error:
                reasons.append(f"version {version} cannot answer: {error}")
                continue
            self._held[model] = held = _Held(version=version, etag=pointer.etag)
            if reasons:
                self._in_trouble(model, held, f"Champion {reasons[0]} Its predecessor {version} answers.")
            return session
        raise Unavailable(f"No version of model '{model}' can answer: {'; '.join(reasons)}")

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

    def _in_trouble(self, model: str, held: _Held, text: str) -> None:
        if text != held.trouble:
            held.trouble = text
            logger.error("Model %s, %s: %s", model, iso(self._clock()), text)

    def _asked(self) -> list[str]:
        """The models asked for since the last look; the others rest, and those put out of memory are forgotten."""
        models: list[str] = []
        for model, held in list(self._held.items()):
            if (model, held.version) not in self._sessions:
                self._held.pop(model, None)
            elif held.is_asked:
                held.is_asked = False
                models.append(model)
            else:
                held.is_resting = True
        return models


def _timed(registry: Registry, model: str, version: str, *, max_bytes: int) -> ModelSession:
    started = time.perf_counter_ns()
    session = load(registry, model, version, max_bytes=max_bytes)
    registry.meter.observe(LOAD_DURATION, (time.perf_counter_ns() - started) / 1e6, model)
    return session
