"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FixedClock:
    """Callable like any clock; begins at 2026-11-20 16:00 UTC."""

    def __init__(self, now: datetime = datetime(2026, 11, 20, 16, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        """Move forward by `timedelta(**span)`."""
        self.now += timedelta(**span)
