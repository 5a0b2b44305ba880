"""A request to score, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request.

    Parameters
    ----------
    function
        Name of the HTTP function.
    body
        As it travels.
    plain
        The body before it was packed; the same where it was not.
    status
        What it has to be answered with, where its maker knows.
    records
        The rows in it as JSON has them, where it is of a protocol from which they cannot be read back.
    """

    model: str
    body: bytes
    plain: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    function: str = "score"
    status: int | None = None
    records: tuple[Mapping[str, Any], ...] | None = None

    @property
    def media(self) -> str:
        """Its content type, without parameters."""
        return self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
