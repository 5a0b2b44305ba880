"""Requests to one server: patience while it is busy, and a sentence for everything that goes wrong."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Any

import httpx

from cli.errors import Misuse, NothingAnswers, Refusal, Refused
from cli.wording import at_the_prompt

ATTEMPTS = 6
"""How often a request is sent in all while the server answers 503."""

LONGEST_WAIT_S = 30.0
"""Longest pause between two attempts, whatever `Retry-After` asks for, in seconds."""


class Transport:
    """The way to one server.

    Parameters
    ----------
    url
        Where the server answers, such as `http://127.0.0.1:7071`.
    key
        Its function key, sent as `x-functions-key`; None where it asks for none.
    pause
        Waits for so many seconds.

    Raises
    ------
    Misuse
        When the address is none.
    """

    def __init__(self, url: str, key: str | None, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.url = url.rstrip("/")
        host = _host(self.url)
        self._pause = pause
        self._client = httpx.Client(
            headers={"x-functions-key": key} if key else {},
            timeout=httpx.Timeout(120.0, connect=5.0),
            trust_env=not _is_loopback(host),  # a proxy of the environment does not lead back to this machine
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def object(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Send a request and read the JSON object it is answered with. Raises as `send`."""
        answer = self.send(method, path, **request)
        data = _json(answer)
        if data is None:
            raise Refused(_stranger(answer), status=answer.status_code)
        return data

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request, again while the server answers that it is busy.

        Raises
        ------
        NothingAnswers
            When nothing listens at the address, or the connection breaks off.
        Refused
            When the server answers with an error.
        """
        answer = self._once(method, path, request)
        for attempt in range(1, ATTEMPTS):
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            self._pause(_retry_after(answer, attempt))
            answer = self._once(method, path, request)
        if answer.is_success:
            return answer
        raise self._refused(answer)

    def _once(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        try:
            return self._client.request(method, self.url + path, **request)
        except httpx.ConnectError as error:
            remedy = "Start the system with `make up`, or name another with --url."
            raise NothingAnswers(f"Nothing answers at {self.url}. {remedy}") from error
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise NothingAnswers(f"The connection to {self.url} broke off: {reason}.") from error

    def _refused(self, answer: httpx.Response) -> Refused:
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            message = f"{self.url} refused the key. Give the right one with --key or EVERGREEN_KEY."
            return Refused(message, status=answer.status_code)
        data = _json(answer)
        if data is None or "message" not in data:
            return Refused(_stranger(answer), status=answer.status_code)
        problems = [Refusal.from_json(item) for item in data.get("problems", [])]
        return Refused(at_the_prompt(str(data["message"])), status=answer.status_code, problems=problems)


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; None when it is something else."""
    try:
        data = answer.json()
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _stranger(answer: httpx.Response) -> str:
    kind = answer.headers.get("content-type", "no content type")
    request = f"{answer.request.method} {answer.request.url}"
    return (
        f"{request} was answered {answer.status_code} with {kind}, which is not how Evergreen answers. "
        "Check the address given with --url."
    )


def _retry_after(answer: httpx.Response, attempt: int) -> float:
    """Seconds to wait: what the server asks for, else a little longer each time."""
    asked = answer.headers.get("retry-after", "")
    return min(float(asked) if asked.isdecimal() else float(2**attempt), LONGEST_WAIT_S)


def _host(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Misuse(f"--url: expected an address like http://127.0.0.1:7071, got '{url}'.")
    return parsed.host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
