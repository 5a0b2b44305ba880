"""What the columns of a table look like, counted while its rows go by."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Texts that mean a missing value, in small letters."""

KEPT = 50_000
"""Most different values that are remembered of a column; beyond them it is called varied."""

_BOOLEANS = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+|\d{1,3}(,\d{3})+(\.\d*)?)([eE][+-]?\d+)?")
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ].*)?|\d{1,4}[/.\-]\d{1,2}[/.\-]\d{2,4}( .*)?|\d{1,2}[ -][A-Z][a-z]{2}[ -]\d{4}.*"
)
_CODE = re.compile(r"-?0\d+")
_ID = re.compile(r"(^|[_\-. ])(id|key|uuid|guid|rowid|row_?number)$|[a-z](Id|ID|Key)$")
_LONG = 40


@dataclass(slots=True)
class Column:
    """One column as far as it has been read."""

    name: str
    rows: int = 0
    missing: int = 0
    values: dict[str, int] = field(default_factory=dict)
    numbers: int = 0
    dates: int = 0
    codes: int = 0
    length: int = 0
    is_varied: bool = False

    def add(self, cells: Sequence[Any]) -> None:
        """Count some cells."""
        self.rows += len(cells)
        for cell in cells:
            text = _text(cell)
            if text.lower() in MISSING:
                self.missing += 1
                continue
            self.length += len(text)
            self.codes += _CODE.fullmatch(text) is not None
            if _NUMBER.fullmatch(text):
                self.numbers += 1
            elif isinstance(cell, date) or _DATE.fullmatch(text):
                self.dates += 1
            if text in self.values:
                self.values[text] += 1
            elif len(self.values) < KEPT:
                self.values[text] = 1
            else:
                self.is_varied = True

    @property
    def known(self) -> int:
        """Cells that are not missing."""
        return self.rows - self.missing

    @property
    def distinct(self) -> str:
        """How many different values there are, in words where they were not all remembered."""
        return f"over {KEPT:,}" if self.is_varied else f"{len(self.values):,}"

    @property
    def type(self) -> str:
        """What training is likely to take the column for: a type of the spec, or `left out`."""
        words = {value.lower() for value in list(self.values)[:3]} if len(self.values) <= 2 else set()
        if not self.known or (len(self.values) == 1 and not self.missing):
            return "left out"
        if words and any(words <= pair for pair in _BOOLEANS):
            return "boolean"
        if self.dates == self.known:
            return "datetime"
        if self.numbers == self.known and not self.codes:
            return "left out" if self._counts_rows or (self._is_unique and self._is_named_id) else "number"
        return "left out" if self._is_unique else "category"

    @property
    def remark(self) -> str:
        """What to look at, empty where nothing is odd."""
        if not self.known:
            return "every value is missing"
        if self.type == "left out":
            if len(self.values) == 1:
                return "every value is the same"
            return "free text" if self.length / self.known > _LONG else "an identifier: each value is there once"
        notes: list[str] = []
        if self.missing > self.rows / 2:
            notes.append("mostly missing")
        if 0 < self.known - self.numbers <= self.known * 0.1 and self.type == "category" and self.numbers:
            notes.append(f"{self.known - self.numbers:,} cells are no numbers, all others are")
        if 0 < self.dates < self.known and self.dates > self.known / 2:
            notes.append(f"{self.known - self.dates:,} cells are no dates, most are")
        if self.type == "category" and len(self.values) > self.known / 2:
            notes.append("hardly a value repeats")
        return "; ".join(notes)

    @property
    def _is_unique(self) -> bool:
        return len(self.values) == self.known > 1 or (self.is_varied and max(self.values.values()) == 1)

    @property
    def _is_named_id(self) -> bool:
        return _ID.search(self.name) is not None

    @property
    def _counts_rows(self) -> bool:
        if not self._is_unique or self.is_varied:
            return False
        found = [float(text.replace(",", "")) for text in self.values]
        return all(number.is_integer() for number in found) and max(found) - min(found) + 1 == len(found)


def _text(cell: Any) -> str:
    """A cell as a CSV would hold it."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell).lower() if isinstance(cell, bool | Decimal) else str(cell)
