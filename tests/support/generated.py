"""Tables made on the spot, seeded: mixed types, missing values, a known concept."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

CITIES = ("Aachen", "Bonn", "Celle", "Dachau")


def loans(rows: int, *, seed: int = 0, reversed_concept: bool = False) -> list[dict[str, Any]]:
    """Loan applications whose `paid` follows income and debt, or their opposite when the concept is reversed."""
    rng = np.random.default_rng(seed)
    income = rng.gamma(4.0, 10_000.0, rows).round()
    debt = rng.gamma(2.0, 8_000.0, rows).round()
    city = rng.choice(CITIES, rows)
    score = (income - 2.2 * debt) / 15_000 + (city == "Bonn") + rng.normal(0, 0.6, rows)
    paid = (score > 0) != reversed_concept
    return [
        {
            "income": None if rng.random() < 0.03 else float(income[row]),
            "debt": float(debt[row]),
            "city": str(city[row]),
            "paid": "yes" if paid[row] else "no",
        }
        for row in range(rows)
    ]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """The rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
