"""Ground truth as callers send it: each one accepted into the log, or refused by its index with the reason."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from automl import forms, values
from automl.errors import InvalidInput, Problem, TooLarge
from automl.events import Clock
from automl.log.ids import Ids
from automl.log.records import truth_line
from automl.log.writer import AppendLog
from automl.scoring.body import kind, load_object
from automl.scoring.champions import Champions
from automl.scoring.service import INLINE_BYTES
from automl.scoring.session import ModelSession
from automl.settings import Settings

SKEW = timedelta(days=1)
"""How far in the future a truth's `at` may be: clocks disagree, and local times get sent as UTC."""

SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a source may call itself."""

_FIELDS = ("id", "key", "truth", "at", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one request's truths.

    Parameters
    ----------
    accepted
        How many are in the log now.
    refused
        The others: `{"index": n, "reason": sentence}`.
    """

    accepted: int
    refused: Sequence[Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """This receipt as the answer to its request."""
        return {"accepted": self.accepted, "refused": list(self.refused)}


class Intake:
    """Takes in truth for the predictions of all models.

    Parameters
    ----------
    log
        The log of truth.
    settings
        `max_rows`: most truths in one request.
    """

    def __init__(self, *, champions: Champions, ids: Ids, log: AppendLog, settings: Settings, clock: Clock) -> None:
        self._champions = champions
        self._ids = ids
        self._log = log
        self._max_rows = settings.max_rows
        self._clock = clock

    async def receive(self, model: str, body: bytes) -> Receipt:
        """Take in `{"truths": [{"id" or "key", "truth", "at"?, "source"?}, ...], "source"?}`, or one such truth.

        Returns when the accepted ones are in storage. Sending the same again changes nothing, so a caller that got no
        answer repeats the request.

        Raises
        ------
        InvalidInput, TooLarge
            The body is not of that form.
        NotFound
            There is no such model.
        Unavailable
            Nothing was accepted; try again.
        """
        session = self._champions.cached(model)
        if session is None:
            session = await self._champions.found(model)
        if len(body) <= INLINE_BYTES:
            receipt, lines = self._sort(session, body)
        else:
            receipt, lines = await asyncio.to_thread(self._sort, session, body)
        if receipt.accepted:
            await self._log.append(model, lines, receipt.accepted)
        return receipt

    def _sort(self, session: ModelSession, body: bytes) -> tuple[Receipt, bytes]:
        received_ms = int(self._clock().timestamp() * 1000)
        lines: list[bytes] = []
        refused: list[dict[str, Any]] = []
        items, source = self._items(body)
        for index, item in enumerate(items):
            try:
                lines.append(self._line(session, item, received_ms, source))
            except (InvalidInput, ValueError) as error:
                refused.append({"index": index, "reason": str(error)})
        return Receipt(accepted=len(lines), refused=refused), b"".join(lines)

    def _items(self, body: bytes) -> tuple[list[Any], str | None]:
        """The truths of a body, and the source of all that name none themselves."""
        value = load_object(body)
        if "truths" not in value:
            return [value], None
        items = value["truths"]
        if not isinstance(items, list) or not items:
            got = "an empty list" if items == [] else kind(items)
            remedy = 'Send {"truths": [{"id": "...", "truth": ...}]}.'
            raise InvalidInput.of([Problem(field="truths", expected="a list of truths", got=got, remedy=remedy)])
        if unknown := sorted(value.keys() - {"truths", "source"}):
            expected, got = "nothing beside truths and source", "an unknown field"
            raise InvalidInput.of([Problem(field=unknown[0], expected=expected, got=got, remedy="Leave it out.")])
        if len(items) > self._max_rows:
            remedy = "Send them in several requests."
            raise TooLarge(f"Expected at most {self._max_rows} truths in one request, got {len(items)}. {remedy}")
        try:
            return items, _source(value.get("source"))
        except ValueError as error:
            expected, got = str(error), forms.shown(value["source"])
            remedy = "Name the system that the truths are from, or leave it out."
            raise InvalidInput.of([Problem(field="source", expected=expected, got=got, remedy=remedy)]) from None

    def _line(self, session: ModelSession, item: Any, received_ms: int, source: str | None) -> bytes:
        if not isinstance(item, dict):
            raise ValueError(f"Expected an object, got {kind(item)}.")
        if unknown := [name for name in item if name not in _FIELDS]:
            raise ValueError(
                f"Unknown field {unknown[0]!r}. A truth has an id or a key, a truth, and perhaps an at and a source."
            )
        name = self._name(session, item)
        if "truth" not in item:
            raise ValueError("The field 'truth' is missing.")
        try:
            truth = session.signature.parse_target(item["truth"])
        except ValueError as error:
            shown = repr(item["truth"])[:60]
            raise ValueError(f"Expected {error} for '{session.signature.target}', got {shown}.") from None
        at_ms = received_ms if item.get("at") is None else self._at(item["at"], received_ms)
        try:
            source = _source(item.get("source")) or source
        except ValueError as error:
            raise ValueError(f"Expected {error} as the source, got {forms.shown(item['source'])}.") from None
        return truth_line(name, truth, at_ms=at_ms, received_ms=received_ms, source=source)

    def _name(self, session: ModelSession, item: Mapping[str, Any]) -> dict[str, str]:
        identity, key = item.get("id"), item.get("key")
        if (identity is None) is (key is None):
            raise ValueError(
                "Expected either 'id' or 'key', got " + ("both." if identity is not None else "neither.")
            )
        if identity is not None:
            if not isinstance(identity, str):
                raise ValueError(f"Expected a prediction id as text, got {kind(identity)}.")
            self._ids.check(session.model, identity)
            return {"id": identity}
        if session.key is None:
            raise ValueError(f"Model '{session.model}' has no business key (columns.key in its spec). Send ids.")
        if not session.recorder.logs_keys:
            raise ValueError(f"The keys of model '{session.model}' are not logged (monitor.redact). Send ids.")
        try:
            return {"key": values.category(key)}
        except ValueError as error:
            raise ValueError(f"Expected {error} as the key, got {kind(key)}.") from None

    @staticmethod
    def _at(value: Any, received_ms: int) -> int:
        try:
            at_ms = round(values.epoch(value) * 1000)
        except (ValueError, OverflowError):
            shown = repr(value)[:60]
            raise ValueError(f"Expected an ISO 8601 time or epoch seconds in 'at', got {shown}.") from None
        if not 0 <= at_ms <= received_ms + SKEW // timedelta(milliseconds=1):
            raise ValueError(f"Expected an 'at' from 1970 to at most a day from now, got {str(value)[:60]!r}.")
        return at_ms


def _source(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not SOURCE.fullmatch(value):
        raise ValueError("a name of letters, digits, dots, hyphens and underscores, 64 at most")
    return value
