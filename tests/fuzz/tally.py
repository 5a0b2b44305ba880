"""What was tried and what was reached."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any

from tests.fuzz import documented, forms, refusals

ACCEPTED_SHARE = 0.2
"""Least share of the bodies that must be accepted: a generator of rubbish proves little."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of a run, or of a part of it.

    Parameters
    ----------
    compared
        How often the rows of an accepted body were sent in another form and got the same answer.
    """

    tried: int = 0
    accepted: int = 0
    compared: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count what another part counted, too."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    def missing(self) -> list[str]:
        """What should have been reached and was not, in words; empty where the run proves what it is meant to."""
        found = [f"error code {code} was never reached" for code in documented.CODES if not self.codes[code]]
        found += [f"refusal '{kind}' was never reached" for kind in refusals.KINDS if not self.kinds[kind]]
        found += [f"form '{form}' was never accepted" for form in forms.ALL if not self.forms[form]]
        if self.accepted < ACCEPTED_SHARE * self.tried:
            found.append(f"{self.accepted:,} of {self.tried:,} accepted, fewer than {ACCEPTED_SHARE:.0%}")
        return found

    def lines(self) -> list[str]:
        """The counts as a table for people."""
        share = self.accepted / max(self.tried, 1)
        told = [f"{self.tried:,} bodies, {self.accepted:,} accepted ({share:.1%}), {self.compared:,} compared"]
        titles = ("status", "error code", "accepted as", "refused for")
        for title, counts in zip(titles, (self.statuses, self.codes, self.forms, self.kinds), strict=True):
            told.append(title)
            told += [f"  {name:<34}{count:>10,}" for name, count in sorted(counts.items(), key=lambda item: -item[1])]
        return told

    def to_json(self) -> dict[str, Any]:
        """These counts as a JSON object."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Tally:
        """The counts that `to_json` wrote."""
        found = cls()
        for name, value in data.items():
            setattr(found, name, Counter(value) if isinstance(value, dict) else value)
        return found
