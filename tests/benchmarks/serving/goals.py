"""What the issue of serving asks for, beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

HEAD = ("what", "measured", "by processor time", "goal", "reached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One number that should be at least, or at most, a bound.

    Parameters
    ----------
    cpu
        The same ratio as the servers' own processor time has it, where that says the same: others on the machine
        change it little. What is judged is `value`.

    >>> Goal(what="floor against FastAPI", value=31.2, bound=30, sign="≥", unit="×").cells()
    ['floor against FastAPI', '31.2 ×', '', '≥ 30 ×', 'yes']
    """

    what: str
    value: float
    sign: Literal["≥", "≤", ">"]
    bound: float
    unit: str = ""
    cpu: float | None = None

    @property
    def is_reached(self) -> bool:
        """Whether the value is on the right side of the bound."""
        if self.sign == "≤":
            return self.value <= self.bound
        return self.value > self.bound if self.sign == ">" else self.value >= self.bound

    def cells(self) -> list[str]:
        """One row of the table under `HEAD`."""
        unit = f" {self.unit}" if self.unit else ""
        reached = "yes" if self.is_reached else "NO"
        value = f"{self.value:,.0f}" if self.value >= 1000 else f"{self.value:.3g}"
        cpu = "" if self.cpu is None else f"{self.cpu:.3g}{unit}"
        return [self.what, f"{value}{unit}", cpu, f"{self.sign} {self.bound:,g}{unit}", reached]

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        bound = f"{self.sign} {self.bound:g}"
        return {
            "what": self.what,
            "value": round(self.value, 4),
            "goal": bound,
            "unit": self.unit,
            "reached": self.is_reached,
            "by_processor_time": None if self.cpu is None else round(self.cpu, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one part of the benchmark found.

    Parameters
    ----------
    numbers
        JSON values, as they are stored.
    """

    numbers: dict[str, Any]
    goals: list[Goal] = field(default_factory=list)


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned columns, the first row being their names.

    >>> print(text_table([["a", "bb"], ["ccc", "d"]]), end="")
    a    bb
    ccc  d
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
