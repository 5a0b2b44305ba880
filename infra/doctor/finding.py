"""What a check is given, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol


class Denied(Exception):
    """Azure refused a request, or there is no such thing.

    Parameters
    ----------
    status
        The HTTP status; 0 when nothing answered.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is looked at: a subscription, a region, a resource group, which may be empty still."""

    subscription: str
    location: str
    group: str

    @property
    def path(self) -> str:
        """Address of the resource group in the management API."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"


class Azure(Protocol):
    """The requests checks make."""

    def manage(self, method: str, path: str, api: str, body: Any = None) -> Any:
        """One request to the management API; its JSON. Raises Denied."""

    def blobs(self, account: str, container: str) -> list[str]:
        """Names of some blobs of a container, with the identity of who asks. Raises Denied."""

    def messages(self, account: str, queue: str) -> int:
        """About how many messages wait in a queue. Raises Denied."""

    def ask(self, url: str) -> Any:
        """The JSON an app answers, whatever its status. Raises Denied when nothing answers."""

    def version(self, tool: str) -> str:
        """Version of a command-line tool, empty when it is not installed."""

    def clocks(self) -> tuple[datetime, datetime]:
        """The time here and the time in Azure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one check.

    Parameters
    ----------
    state
        `skipped` when an earlier finding makes the check impossible, or there is nothing to look at yet.
    remedy
        The command that mends it; empty unless the state is `wrong`.
    """

    check: str
    state: Literal["ok", "wrong", "skipped"]
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check=check, state="ok", text=text)


def wrong(check: str, text: str, remedy: str) -> Finding:
    """Something is amiss, and this mends it."""
    return Finding(check=check, state="wrong", text=text, remedy=remedy)


def skipped(check: str, text: str) -> Finding:
    """Could not be looked at."""
    return Finding(check=check, state="skipped", text=text)
