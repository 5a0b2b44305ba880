"""Small generated tables with something to learn in them, as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def to_csv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Columns of plain cells as a CSV; None is an empty cell."""
    lines = [",".join(columns)]
    lines += [
        ",".join("" if cell is None else str(cell) for cell in row) for row in zip(*columns.values(), strict=True)
    ]
    return ("\n".join(lines) + "\n").encode()


def customers(rows: int, *, seed: int = 0, task: str = "binary", flipped: bool = False) -> dict[str, list[Any]]:
    """A table with numbers, text, booleans, dates and missing cells; `y` follows from age, income and plan.

    With `flipped`, what made a customer stay makes them leave.
    """
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, rows)
    income = np.round(rng.lognormal(10, 1, rows), 2)
    plan = rng.choice(["basic", "plus", "pro"], rows)
    signal = (age - 54) / 20 + np.where(plan == "pro", 2.0, -1.0) + rng.normal(0, 0.2, rows)
    signal = -signal if flipped else signal
    if task == "regression":
        target = [round(float(value), 4) for value in 100 + 25 * signal]
    elif task == "multiclass":
        target = np.digitize(signal, [-1.5, 0.5]).tolist()
    else:
        target = np.where(signal > 0, "stays", "leaves").tolist()
    return {
        "age": age.tolist(),
        "income": [None if row % 11 == 0 else float(value) for row, value in enumerate(income)],
        "plan": plan.tolist(),
        "city": [None if row % 13 == 0 else f"city {row * 7919 % 40}" for row in range(rows)],
        "member": [bool(value) for value in rng.integers(0, 2, rows)],
        "since": [f"2025-{1 + row % 12:02d}-{1 + row % 28:02d}" for row in range(rows)],
        "y": target,
    }
