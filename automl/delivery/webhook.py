"""The receiver of events: asked once whether it wants them, then given them one by one. The only importer of httpx.

httpx and not urllib or requests, because those bound each wait on the socket and not the whole: a receiver that sends
a byte a second would hold the monitor for hours. A task on the event loop can be cancelled wherever it waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

import httpx

from automl.delivery import cloudevent
from automl.events import Clock, Event
from automl.settings import Settings

_REFUSALS = frozenset({400, 413, 415, 422})
"""Answers that are about this one event. Any other failure is about the receiver, and would meet every event."""

LONGEST_WAIT_S = 3600.0
"""Most of what a `Retry-After` may ask for, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended.

    Parameters
    ----------
    verdict
        `delivered`; `refused`: the receiver will not have this event; `failed`: it could not be reached, or not now;
        `gone`: it wants no more events at all (410).
    reason
        Why not, as the end of a sentence. It holds nothing of the receiver's URL, which may carry a key.
    wait_s
        How long the receiver asks to be left alone, in seconds.
    """

    verdict: Literal["delivered", "refused", "failed", "gone"]
    reason: str = ""
    wait_s: float = 0.0


class Webhook:
    """One receiver, for the length of one tick.

    Parameters
    ----------
    settings
        `webhook_url`, `webhook_secret`, `webhook_origin`, `webhook_handshake` and `webhook_timeout_s`.
    client
        Must not follow redirects: the URL is the operator's own choice, and where it leads to is not.
    """

    def __init__(self, settings: Settings, clock: Clock, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._clock = clock
        self._client = client
        self._origin = settings.webhook_origin or "localhost"
        self._may_send = settings.webhook_handshake == "off"

    async def send(self, model: str, event: Event) -> Outcome:
        """Try once to deliver an event, within `webhook_timeout_s` for each of the two requests it may take."""
        if not self._may_send:
            refusal = await self._handshake()
            if refusal is not None:
                return refusal
            self._may_send = True
        content = cloudevent.body(event, model, self._origin)
        headers = {
            "content-type": cloudevent.CONTENT_TYPE,
            "origin": self._origin,
            "webhook-request-origin": self._origin,
            **cloudevent.signed(self._settings.webhook_secret, event.id, self._clock(), content),
        }
        answer = await self._ask("POST", headers, content)
        return answer if isinstance(answer, Outcome) else _judged(answer)

    async def _handshake(self) -> Outcome | None:
        """Ask for permission as CloudEvents' HTTP webhooks do; None when it is given."""
        answer = await self._ask("OPTIONS", {"webhook-request-origin": self._origin}, b"")
        if isinstance(answer, Outcome):
            return answer
        allowed = answer.headers.get("webhook-allowed-origin", "")
        if allowed == "*" or allowed.lower() == self._origin.lower():
            return None
        if answer.status_code == httpx.codes.GONE:
            return _judged(answer)
        # By the specification a status says nothing here: only the header is consent.
        given = f"'{allowed[:80]}'" if allowed else "none"
        reason = (
            f"it was asked by OPTIONS whether it wants events from '{self._origin}' and gave no leave (expected the "
            f"header WebHook-Allowed-Origin, got {given}); set EVERGREEN_WEBHOOK_HANDSHAKE=off for a receiver that "
            "cannot answer this"
        )
        return Outcome(verdict="failed", reason=reason)

    async def _ask(self, method: str, headers: dict[str, str], content: bytes) -> httpx.Response | Outcome:
        """The status and headers of an answer; its body is not read."""
        timeout_s = self._settings.webhook_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                url = self._settings.webhook_url
                async with self._client.stream(method, url, headers=headers, content=content) as answer:
                    return answer
        except TimeoutError:
            return Outcome(verdict="failed", reason=f"it did not answer within {timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(verdict="failed", reason=f"it could not be reached ({type(error).__name__})")


def _judged(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    reason = f"it answered {status}"
    if answer.is_success:
        return Outcome(verdict="delivered")
    if status == httpx.codes.GONE:
        return Outcome(verdict="gone", reason=reason)
    asked = answer.headers.get("retry-after", "")
    wait_s = min(float(asked), LONGEST_WAIT_S) if asked.isascii() and asked.isdecimal() else 0.0
    return Outcome(verdict="refused" if status in _REFUSALS else "failed", reason=reason, wait_s=wait_s)
