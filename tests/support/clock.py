"""A clock that stands still until it is moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class FixedClock:
    """Gives the same moment at every call; `forward` moves it."""

    now: datetime = field(default=datetime(2026, 11, 20, 16, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Move the clock."""
        self.now += timedelta(seconds=seconds)
