"""The rows that drift is timed on: 22 normal numbers, some of them missing, and 8 categories of 12 values."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from automl.monitoring.drift_reference import Reference
from automl.signature import Feature, Signature
from automl.tensors import Tensors
from automl.training.baseline import baseline
from automl.training.infer import describe

NUMBERS, CATEGORIES = 22, 8
NAMES = [*(f"n{place:02}" for place in range(NUMBERS)), *(f"c{place}" for place in range(CATEGORIES))]
REFERENCE_ROWS = 100_000
AT = 1_795_190_400_000

Table = list[Any]
"""Its columns, features first, then predictions and probabilities of the second class."""


def table_of(rows: int, *, seed: int) -> Table:
    """So many rows; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    numbers = [rng.standard_normal(rows) + 0.01 * place for place in range(NUMBERS)]
    numbers[0][rng.random(rows) < 0.1] = np.nan
    values = np.array([f"value {place}" for place in range(12)], dtype=object)
    categories = [values[rng.integers(0, 12, rows)] for _ in range(CATEGORIES)]
    score = rng.random(rows)
    return [*numbers, *categories, np.where(score > 0.5, "yes", "no").astype(object), score]


def lines_of(table: Table) -> list[bytes]:
    """The table as lines of a prediction log."""
    columns = [column.tolist() for column in table]
    columns[0] = [None if missing else value for missing, value in zip(np.isnan(table[0]), columns[0], strict=True)]
    *features, answers, scores = columns
    return [
        orjson.dumps(
            {
                "id": "019aa000-0000-7000-8000-0000000000ff",
                "model": "bench",
                "version": "v1",
                "role": "champion",
                "at": AT,
                "features": dict(zip(NAMES, row, strict=True)),
                "prediction": answer,
                "probabilities": [1 - score, score],
                "latency_us": 50,
            }
        )
        for row, answer, score in zip(zip(*features, strict=True), answers, scores, strict=True)
    ]


def reference_of() -> Reference:
    """The baseline of other rows of the same kind."""
    files = reference_files()
    signature = Signature.from_json(orjson.loads(files["signature.json"]))
    found = Reference.read("v1", signature, orjson.loads(files["baseline.json"]))
    assert found is not None
    return found


def reference_files() -> dict[str, bytes]:
    """Signature and baseline of a version that was trained on such rows."""
    columns = table_of(REFERENCE_ROWS, seed=10**9)
    rows = Tensors(
        num=np.column_stack(columns[:NUMBERS]), cat=np.column_stack(columns[NUMBERS : NUMBERS + CATEGORIES])
    )
    features = tuple(Feature(name=name, type="number" if name.startswith("n") else "category") for name in NAMES)
    signature = describe(Signature(features=features, target="y", task="classification", classes=("no", "yes")), rows)
    scores, answers = columns[-1][:20_000], columns[-2][:20_000]
    wrong = np.random.default_rng(0).random(len(answers)) < 0.1
    truth = np.where(wrong, np.where(answers == "yes", "no", "yes"), answers).tolist()
    made = baseline(
        signature, rows, truth=truth, answers=answers.tolist(), probabilities=np.column_stack([1 - scores, scores])
    )
    return {"signature.json": orjson.dumps(signature.to_json()), "baseline.json": orjson.dumps(made)}
