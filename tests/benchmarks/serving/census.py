"""The table that serving is measured on: UCI Adult where it is at hand, else a generated one of the same shape."""

from __future__ import annotations

import csv
import io

import numpy as np

from tests.support.tables import shared_folder

TARGET = "income"
NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
TEXTS = (
    "workclass",
    "education",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native_country",
)
_SPAN = {
    "age": (17, 90),
    "fnlwgt": (12_000, 1_480_000),
    "education_num": (1, 16),
    "capital_gain": (0, 99_999),
    "capital_loss": (0, 4_356),
    "hours_per_week": (1, 99),
}
_CHOICES = dict(zip(TEXTS, (8, 16, 7, 14, 6, 5, 2, 41), strict=True))


def table() -> tuple[str, bytes]:
    """What the table is called, and the table as CSV: six whole numbers, eight texts and `income`."""
    path = shared_folder() / "adult.csv"
    if path.is_file():
        return "UCI Adult", path.read_bytes()
    return "generated, of the shape of UCI Adult", generated(30_000)


def generated(rows: int, seed: int = 0) -> bytes:
    """A seeded table of Adult's columns, whose target follows from six of them."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.integers(low, high, rows) for name, (low, high) in _SPAN.items()}
    codes = {name: rng.integers(0, count, rows) for name, count in _CHOICES.items()}
    signal = (columns["age"] - 50) / 20 + (columns["education_num"] - 9) / 4 + columns["capital_gain"] / 60_000
    signal = signal + (codes["occupation"] % 3) - (codes["relationship"] % 2) + rng.normal(0, 1, rows)
    target = np.where(signal > 1.5, ">50K", "<=50K")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*NUMBERS, *TEXTS, TARGET])
    cells = [columns[name].tolist() for name in NUMBERS]
    cells += [[f"{name} {code}" for code in codes[name].tolist()] for name in TEXTS]
    writer.writerows(zip(*cells, target.tolist(), strict=True))
    return text.getvalue().encode()
