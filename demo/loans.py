"""Loan applications, made on the spot and seeded: mixed types, missing values, and a concept that can change.

Whether a loan is repaid follows from what the instalments take of the income, and from what the bank's times make of
the kind of rate, the kind of job and the home. When times change, these last three turn round: the variable rate that
was cheap becomes dear, the self-employed lose their orders, and owners have a mortgage as well. The applications
themselves look as before, so nothing but the truth can tell.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import numpy as np

TARGET = "repaid"

_JOBS = ("employed", "civil service", "self-employed", "trade")
_FIRST_DAY = date(1996, 1, 1)


def applications(rows: int, rng: np.random.Generator, *, times_changed: bool = False) -> list[dict[str, Any]]:
    """Applications with the outcome in `repaid`, `yes` or `no`.

    Parameters
    ----------
    rng
        Its state decides everything, so equal seeds give equal rows.
    times_changed
        Whether the concept has turned round.
    """
    income = np.round(rng.lognormal(7.9, 0.4, rows), -1)
    months = rng.choice([12, 24, 36, 48, 60, 84], rows)
    share = rng.beta(2.2, 5.0, rows)
    amount = np.round(income * share * months, -2)
    variable = rng.random(rows) < 0.5
    job = rng.integers(0, len(_JOBS), rows)
    owner = rng.random(rows) < 0.5
    guarantor = rng.random(rows) < 0.2
    age = rng.integers(21, 76, rows)
    days = rng.integers(0, 10_500, rows)
    times = np.where(variable, 0.8, -0.8) + np.where(job >= 2, 0.6, -0.6) + np.where(owner, 0.3, -0.3)
    standing = 10.0 * (0.30 - share) + 0.3 * guarantor
    repaid = standing + (-times if times_changed else times) + rng.logistic(0.0, 0.18, rows) > 0
    gone = {name: rng.random(rows) < part for name, part in {"income": 0.04, "job": 0.06, "customer": 0.15}.items()}
    return [
        {
            "age": int(age[row]),
            "income": None if gone["income"][row] else float(income[row]),
            "amount": float(amount[row]),
            "months": int(months[row]),
            "income_share": round(float(share[row]), 3),
            "rate": "variable" if variable[row] else "fixed",
            "job": None if gone["job"][row] else _JOBS[job[row]],
            "home": "own" if owner[row] else "rent",
            "guarantor": bool(guarantor[row]),
            "customer_since": None if gone["customer"][row] else _day(int(days[row])),
            TARGET: "yes" if repaid[row] else "no",
        }
        for row in range(rows)
    ]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """The rows as a CSV file: what is missing is empty, booleans are `true` and `false`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in row.values()])
    return text.getvalue().encode()


def _day(days: int) -> str:
    return (_FIRST_DAY + timedelta(days=days)).isoformat()
