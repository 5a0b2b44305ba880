"""What a pass that has something to decide finds in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from automl.lake.mark import Mark
from automl.monitoring.drift_reference import References
from automl.registry import Pointer, Registry
from automl.runs import Runs
from automl.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The model, its pointer, spec and lake's mark as they were when the pass read them.

    Parameters
    ----------
    references
        What the versions' rows are counted by.
    tables
        What tells the tables that had come from those at another time (`tables.look`).
    now
        When the pass began.
    timer_ns
        A clock for short times, in nanoseconds from any beginning.
    """

    registry: Registry
    runs: Runs
    model: str
    spec: Spec
    pointer: Pointer
    references: References
    tables: str
    mark: Mark
    now: datetime
    timer_ns: Callable[[], int]

    @property
    def versions(self) -> list[str]:
        """Champion, challenger and the champion before, as far as there are such."""
        named = (self.pointer.champion, self.pointer.challenger, self.pointer.previous)
        return list(dict.fromkeys(version for version in named if version))

    @property
    def reign(self) -> str:
        """What tells one champion's time from every other, its own earlier ones included."""
        return f"{self.pointer.champion}/{self.pointer.since}"
