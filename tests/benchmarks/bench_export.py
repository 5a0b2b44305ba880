"""Is every export exact, and how fast is it? Each estimator and task: rows checked, labels, differences, times.

    .venv/bin/python tests/benchmarks/bench_export.py            measure, print, and write docs/export.md
    .venv/bin/python tests/benchmarks/bench_export.py --dry      measure and print

adult (two classes, 14 columns), bike (a number, 13 columns) and scikit-learn's digits (ten classes, 64 columns). Both
sides use one thread; the exported side reads raw rows, the native one the matrix that prep has already made.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

os.environ["OMP_NUM_THREADS"] = "1"  # before scikit-learn is imported: its boosting has no other setting
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from automl.export import SUPPORTED, parity
from automl.export.build import build
from automl.export.family import unwrapped
from automl.export.prep import Prep, feeds
from automl.export.runtime import session
from automl.tensors import Tensors
from automl.training.dataset import read_table
from automl.training.infer import describe, infer
from automl.training.split import kind_for, split
from tests.benchmarks.flaml_models import native
from tests.benchmarks.pages import put, table_of
from tests.benchmarks.quality_tables import QualityTable, tables

HEAD = [
    "table", "estimator", "MiB", "export s", "gate s", "rows checked", "labels unequal", "ties", "largest difference",
    "1 row µs", "native", "1,000 rows ms", "native", "100,000 rows s", "native",
]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dry", action="store_true", help="do not write the page")
    parser.add_argument("--only", nargs="*", default=["adult", "bike", "digits"], help="names of tables")
    parser.add_argument("--estimators", nargs="*", help="FLAML's names")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for table in tables():
        if table.name in chosen.only:
            rows += measure(table, chosen.estimators)
            if not chosen.dry:
                put("exports", table_of(HEAD, rows))
    return 0


def measure(table: QualityTable, estimators: list[str] | None) -> list[list[str]]:
    """One row of the page for each estimator."""
    found = infer(read_table(table.csv, "csv"), table.spec)
    target = found.target.values
    parts = split(kind_for(table.spec, found.signature.task), target, holdout=0.4, seed=0)
    train, holdout = found.tensors[parts.train], found.tensors[parts.holdout]
    signature = describe(found.signature, train)
    prep = Prep.fit(signature, train)
    matrix, rows = prep.transform(train).astype(np.float64), []
    labels = np.empty(len(signature.classes), dtype=object)
    labels[:] = signature.classes
    for name in estimators or SUPPORTED[signature.task]:
        if name not in SUPPORTED[signature.task]:
            continue
        model = native(name, len(signature.classes))
        model.fit(matrix, target[parts.train])
        started = time.perf_counter()
        onnx = build(prep, unwrapped(model), signature, signature.classes)
        exported_s = time.perf_counter() - started
        proba = model.predict_proba if signature.classes else None
        predict = _labelled(model.predict, labels) if signature.classes else model.predict
        started = time.perf_counter()
        report = parity.check(onnx, prep, predict, proba, signature, holdout=holdout, golden=holdout[:20])
        gate_s = time.perf_counter() - started
        line = [table.name, name, f"{len(onnx) / 2**20:.1f}", f"{exported_s:.2f}", f"{gate_s:.1f}",
                f"{sum(report.rows.values()):,}", "0", str(report.ties), f"{report.largest_difference:.1e}",
                *_speed(onnx, holdout, prep, proba or model.predict)]  # fmt: skip
        sys.stdout.write("  ".join(line) + "\n")
        sys.stdout.flush()
        rows.append(line)
    return rows


def _speed(onnx: bytes, holdout: Tensors, prep: Prep, answer: Callable[[Any], Any]) -> list[str]:
    scoring = session(onnx)
    names = [given.name for given in scoring.get_inputs()]

    def score(rows: Tensors) -> Any:
        given = feeds(rows)
        return scoring.run(None, {name: given[name] for name in names})

    ones = [holdout[index : index + 1] for index in range(500)]
    matrix = prep.transform(holdout).astype(np.float64)
    graph_us = _median([partial(score, one) for one in ones], repeat=4) * 1e6
    native_us = _median([partial(answer, matrix[at : at + 1]) for at in range(40)]) * 1e6
    cells = [f"{graph_us:.0f}", f"{native_us:.0f}"]
    for count, scale, digits in ((1000, 1e3, 1), (100_000, 1.0, 2)):
        wanted = np.arange(count) % len(holdout)
        many, prepared = holdout[wanted], matrix[wanted]
        again = 5 if count == 1000 else 1
        cells += [
            f"{_median([partial(score, many)] * again) * scale:.{digits}f}",
            f"{_median([partial(answer, prepared)] * again) * scale:.{digits}f}",
        ]
    return cells


def _median(calls: list[Callable[[], Any]], repeat: int = 1) -> float:
    taken = []
    for call in calls * repeat:
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def _labelled(predict: Callable[[Any], Any], labels: np.ndarray[Any, Any]) -> Callable[[Any], Any]:
    return lambda rows: labels[np.asarray(predict(rows), dtype=np.int64).reshape(-1)]


if __name__ == "__main__":
    sys.exit(main())
