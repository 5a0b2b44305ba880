"""Which version of a model answers: the champion that the pointer names, or another one while it cannot."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from automl.errors import EvergreenError, NotFound, Unavailable
from automl.events import Clock, iso
from automl.registry import Pointer, Registry
from automl.scoring.cache import Sessions
from automl.scoring.session import ModelSession

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Held:
    """The version that answers for a model.

    Parameters
    ----------
    etag
        Of the pointer it was loaded for.
    challenger
        Which version is being judged against it; None where it is not the champion itself.
    trouble
        Why it is not the champion that the pointer names; None when it is.
    unread
        Why the pointer could not be read at the last look; None when it could.
    is_asked
        Whether a request came since the last look.
    rested
        How many rounds have left it out since, because none came.
    """

    version: str
    etag: str
    challenger: str | None = None
    trouble: str | None = None
    unread: str | None = None
    is_asked: bool = True
    rested: int = 0


class Following:
    """Follows champion pointers, and keeps to a version that can answer."""

    def __init__(self, registry: Registry, sessions: Sessions, clock: Clock) -> None:
        self._registry = registry
        self._sessions = sessions
        self._clock = clock

    def now(self, model: str, held: Held | None) -> tuple[Held, ModelSession]:
        """What answers from now on.

        Parameters
        ----------
        held
            What has answered until now; it stays where the pointer has not moved or cannot be followed.

        Raises
        ------
        NotFound
            The model has no champion.
        Unavailable
            Nothing is in memory, and storage cannot be read or no version can answer.
        """
        session = None if held is None else self._sessions.cached(model, held.version)
        if held is None or session is None:
            return self._first(model, self._registry.pointer(model))
        try:
            pointer = self._registry.pointer_unless(model, held.etag)
        except NotFound:
            raise
        except EvergreenError as error:
            held.unread = f"The champion pointer cannot be read: {error}"
            return held, session
        held.unread = None
        return (held, session) if pointer is None else self._moved(model, held, session, pointer)

    def _moved(self, model: str, held: Held, old: ModelSession, pointer: Pointer) -> tuple[Held, ModelSession]:
        """The champion once the pointer has moved, or the old one while the new one cannot answer."""
        if pointer.champion == held.version:
            return Held(version=held.version, etag=pointer.etag, challenger=pointer.challenger), old
        try:
            session = self._sessions.get(model, pointer.champion)
        except Unavailable as error:  # the old ETag stays, so that the next look tries again
            self._in_trouble(model, held, f"Champion {pointer.champion} cannot be read yet: {error}")
            return held, old
        except EvergreenError as error:
            held.etag, held.challenger = pointer.etag, None
            text = f"Champion {pointer.champion} cannot answer: {error} Version {held.version} answers."
            self._in_trouble(model, held, text)
            return held, old
        logger.info("Model %s answers with version %s.", model, session.version)
        return Held(version=session.version, etag=pointer.etag, challenger=pointer.challenger), session

    def _first(self, model: str, pointer: Pointer) -> tuple[Held, ModelSession]:
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
            challenger = None if reasons else pointer.challenger
            held = Held(version=version, etag=pointer.etag, challenger=challenger)
            if reasons:
                self._in_trouble(model, held, f"Champion {reasons[0]} Its predecessor {version} answers.")
            return held, session
        raise Unavailable(f"No version of model '{model}' can answer: {'; '.join(reasons)}")

    def _in_trouble(self, model: str, held: Held, text: str) -> None:
        if text != held.trouble:
            held.trouble = text
            logger.error("Model %s, %s: %s", model, iso(self._clock()), text)
