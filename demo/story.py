"""What the demonstration plays: how many months, how many applications in each, and what becomes known of them."""

from __future__ import annotations

from dataclasses import dataclass

from demo.loans import TARGET

MONTH_S = 8.0
"""How long a month takes by default, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The pace and the size of a replay. Nothing here touches a threshold of the system.

    Parameters
    ----------
    history
        Applications that the first model learns from.
    month
        Applications in a month. When one is over, the truth of the month before arrives.
    month_s
        How long a month takes, in seconds.
    ticks
        Requests in a month.
    told
        Share of the applications whose outcome ever becomes known.
    calm, after
        Months before the times change, and months of answers that the replacement's accuracy is taken from.
    quiet
        Months when nothing changes (`--no-drift`).
    search_s
        Seconds each search may take.
    tolerance
        How far below its old accuracy a recovered model may be.
    within_s
        When the demonstration gives up, in seconds since its start.
    """

    history: int = 2_500
    month: int = 4_800
    month_s: float = MONTH_S
    ticks: int = 16
    told: float = 0.75
    calm: int = 3
    after: int = 2
    quiet: int = 8
    search_s: float = 10.0
    tolerance: float = 0.02
    within_s: float = 236.0

    @property
    def batch(self) -> int:
        """Applications in one request."""
        return self.month // self.ticks


def spec(model: str, plan: Plan, seed: int) -> dict[str, object]:
    """What is asked of the model: a target and a short search. Every threshold stays at its default."""
    return {"name": model, "target": TARGET, "search": {"time_budget": plan.search_s, "seed": seed}}
