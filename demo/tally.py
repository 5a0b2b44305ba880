"""How often answers were right, with the band that chance leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.96
"""Two-sided 95% of the normal distribution."""


@dataclass(slots=True)
class Tally:
    """Answers counted: how many, and how many of them right."""

    n: int = 0
    right: int = 0

    def add(self, rights: list[bool]) -> None:
        """Count some answers."""
        self.n += len(rights)
        self.right += sum(rights)

    @property
    def accuracy(self) -> float:
        """Share of right answers; 0 where there are none."""
        return self.right / self.n if self.n else 0.0

    @property
    def band(self) -> tuple[float, float]:
        """The 95% interval of the accuracy (Wilson, 1927).

        >>> low, high = Tally(n=100, right=90).band
        >>> round(low, 3), round(high, 3)
        (0.826, 0.945)
        """
        if not self.n:
            return 0.0, 1.0
        share, square = self.accuracy, _Z**2 / self.n
        middle = (share + square / 2) / (1 + square)
        half = _Z * math.sqrt(share * (1 - share) / self.n + square / (4 * self.n)) / (1 + square)
        return middle - half, middle + half

    def __str__(self) -> str:
        low, high = self.band
        return f"{self.accuracy:.1%} ({low:.1%} to {high:.1%}, {self.n:,} answers)"
