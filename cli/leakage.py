"""Columns that tell the target too well to be known beforehand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

FEWEST = 50
"""Rows from which a column can be suspected."""

MOST_VALUES = 1_000
"""Different values beyond which a column is not followed."""

ALMOST = 0.999
"""Share of rows that a column must get right by itself."""


class Leakage:
    """Counts, for each column, how often its value alone tells the target.

    Parameters
    ----------
    names
        Columns of the table.
    target
        Which of them is to be predicted.
    """

    def __init__(self, names: Sequence[str], target: str) -> None:
        self._target = names.index(target)
        self._followed = {name: index for index, name in enumerate(names) if name != target}
        self._seen: dict[str, dict[Any, Counter[Any]]] = {name: defaultdict(Counter) for name in self._followed}
        self._targets: Counter[Any] = Counter()

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Count some rows."""
        self._targets.update(row[self._target] for row in rows)
        for name, index in list(self._followed.items()):
            counts = self._seen[name]
            for row in rows:
                counts[row[index]][row[self._target]] += 1
            if len(counts) > MOST_VALUES:
                del self._followed[name], self._seen[name]

    def suspects(self) -> list[str]:
        """Columns whose value alone gives the target of (almost) every row, where that is no small feat."""
        total = sum(self._targets.values())
        if total < FEWEST or len(self._targets) < 2:
            return []
        dummy = self._targets.most_common(1)[0][1] / total
        found: list[str] = []
        for name, counts in self._seen.items():
            right = sum(each.most_common(1)[0][1] for each in counts.values())
            repeats = len(counts) <= total / 5
            if repeats and right / total >= ALMOST and dummy < ALMOST - 0.05:
                found.append(name)
        return found
