"""What is wrong with an answer."""

from __future__ import annotations

from tests.fuzz.sent import Answer


class Broken(AssertionError):
    """An answer that must not be."""


def require(holds: bool, what: str, answer: Answer) -> None:
    """Raise Broken, saying what an answer is that it must not be, unless it holds."""
    if not holds:
        raise Broken(f"{what}: {answer.status} {answer.body[:500]!r}")
