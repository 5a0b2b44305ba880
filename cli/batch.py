"""Some rows of a table, on their way to the server."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows of a file, in its order.

    Parameters
    ----------
    columns
        Names of the columns.
    rows
        Their cells: text in a CSV, Python values in Parquet.
    places
        Where each row stands in the file, in words: its line in a CSV, its number in Parquet.
    arrow
        The same rows as Parquet types them (a `pyarrow.Table`); None for a CSV.
    """

    kind: Kind
    columns: tuple[str, ...]
    rows: list[list[Any]]
    places: list[str]
    arrow: Any = None

    def __len__(self) -> int:
        return len(self.rows)

    def halves(self) -> tuple[Batch, Batch]:
        """The same rows as two batches."""
        middle = len(self) // 2
        return self._slice(0, middle), self._slice(middle, len(self))

    def _slice(self, start: int, stop: int) -> Batch:
        arrow = None if self.arrow is None else self.arrow.slice(start, stop - start)
        rows, places = self.rows[start:stop], self.places[start:stop]
        return Batch(kind=self.kind, columns=self.columns, rows=rows, places=places, arrow=arrow)

    def body(self) -> tuple[bytes, str]:
        """These rows as a scoring request: its bytes and their content type.

        CSV stays CSV, so that the server alone decides what text means a number.
        """
        if self.kind == "csv":
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows])
            return text.getvalue().encode(), "text/csv"
        data = [[to_json(cell) for cell in row] for row in self.rows]
        body = {"dataframe_split": {"columns": list(self.columns), "data": data}}
        return json.dumps(body, ensure_ascii=False).encode(), "application/json"


def to_json(cell: Any) -> Any:
    """A cell as a JSON value: dates as ISO 8601, decimals as numbers, NaN as null.

    What JSON has no value for (an infinite number, bytes) becomes text, which the server then refuses by name.
    """
    if isinstance(cell, date):  # datetimes are dates
        return cell.isoformat()
    number = float(cell) if isinstance(cell, Decimal) else cell
    if isinstance(number, float) and not math.isfinite(number):
        return None if math.isnan(number) else str(number)
    return number if number is None or isinstance(number, str | bool | int | float) else str(number)
