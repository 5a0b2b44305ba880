"""The champion of each model, in memory.

A request takes what is there, without I/O. One background thread looks at the champion pointers by ETag; a new
champion is loaded and proves itself on its golden rows before it replaces the old one, and one that cannot leaves the
old one answering, with the reason in `troubles`. A request holds one session from beginning to end, so its answer
never mixes two versions.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace

from automl import spec
from automl.errors import EvergreenError, NotFound, Unavailable
from automl.events import Clock, iso
from automl.registry import Pointer, Registry
from automl.scoring.session import ModelSession, load
from automl.settings import Settings

_LOCKS = 32
"""How many models can be loaded at once; names nobody knows must not cost memory."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A champion in memory.

    Parameters
    ----------
    etag
        Of the pointer it was loaded for.
    trouble
        Why it is not the champion that the pointer names; None when it is.
    unread
        Why the pointer could not be read at the last look; None when it could.
    """

    session: ModelSession
    etag: str
    trouble: str | None = None
    unread: str | None = None


class Champions:
    """The champions this process has been asked for.

    Parameters
    ----------
    settings
        `champion_refresh_s`: how often the pointers are looked at.
    """

    def __init__(self, registry: Registry, settings: Settings, clock: Clock) -> None:
        self._registry = registry
        self._refresh_s = settings.champion_refresh_s
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._loading = [threading.Lock() for _ in range(_LOCKS)]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def cached(self, model: str) -> ModelSession | None:
        """The champion, if it is in memory. Never blocks."""
        held = self._held.get(model)
        return None if held is None else held.session

    def get(self, model: str) -> ModelSession:
        """The champion; blocks while storage is read when it is not in memory.

        Raises
        ------
        NotFound
            There is no such model, or no version of it yet.
        Unavailable
            Storage cannot be read, or neither the champion nor its predecessor can answer.
        """
        if (session := self.cached(model)) is not None:
            return session
        with self._loading[hash(model) % _LOCKS]:
            if (session := self.cached(model)) is not None:
                return session  # loaded by the thread that was first
            try:
                pointer = self._registry.pointer(model)
            except NotFound:
                spec.load(
                    self._registry.storage, model
                )  # a model nobody has made is told apart from an untrained one
                raise
            self._held[model] = held = self._first(model, pointer)
            self._watch()
            return held.session

    def look(self, model: str) -> None:
        """See whether the pointer has moved, and follow it if the new champion can answer."""
        held = self._held[model]
        try:
            pointer = self._registry.pointer_unless(model, held.etag)
        except NotFound:
            del self._held[model]  # the model was deleted: from now on it is as unknown here as anywhere
            return
        except EvergreenError as error:
            self._held[model] = replace(held, unread=f"The champion pointer cannot be read: {error}")
            return
        now = replace(held, unread=None)
        if pointer is not None:
            now = self._follow(model, now, pointer)
        if now.trouble is not None and now.trouble != held.trouble:
            logger.error("Model %s, %s: %s", model, iso(self._clock()), now.trouble)
        self._held[model] = now

    def _follow(self, model: str, held: Held, pointer: Pointer) -> Held:
        """What to hold once the pointer has moved."""
        if pointer.champion == held.session.version:
            return replace(held, etag=pointer.etag, trouble=None)
        try:
            session = load(self._registry, model, pointer.champion)
        except Unavailable as error:  # the old ETag stays, so that the next look tries again
            return replace(held, trouble=f"Champion {pointer.champion} cannot be read yet: {error}")
        except EvergreenError as error:
            text = f"Champion {pointer.champion} cannot answer: {error} Version {held.session.version} answers."
            return replace(held, etag=pointer.etag, trouble=text)
        logger.info("Model %s answers with version %s.", model, session.version)
        return Held(session=session, etag=pointer.etag)

    def versions(self) -> dict[str, str]:
        """The version that answers for each model in memory."""
        return {model: held.session.version for model, held in sorted(self._held.items())}

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
        self._ended.set()

    def _first(self, model: str, pointer: Pointer) -> Held:
        """The champion of a cold start, or its predecessor where it cannot answer."""
        reasons: list[str] = []
        for version in filter(None, (pointer.champion, pointer.previous)):
            try:
                session = load(self._registry, model, version)
            except Unavailable:
                raise
            except EvergreenError as error:
                reasons.append(f"version {version} cannot answer: {error}")
                continue
            trouble = f"Champion {reasons[0]} Its predecessor {version} answers." if reasons else None
            if trouble is not None:
                logger.error("Model %s: %s", model, trouble)
            return Held(session=session, etag=pointer.etag, trouble=trouble)
        raise Unavailable(f"No version of model '{model}' can answer: {'; '.join(reasons)}")

    def _watch(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_forever, name="champions", daemon=True)
                self._thread.start()

    def _look_forever(self) -> None:
        while not self._ended.wait(self._refresh_s):
            for model in list(self._held):
                try:
                    self.look(model)
                except Exception:  # whatever it is, the other models and the next look must go on
                    logger.exception("Looking at the champion of model %s failed.", model)
