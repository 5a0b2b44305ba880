"""Does prep cost quality? The exported model against FLAML with its own preparation of a DataFrame.

    .venv/bin/python tests/benchmarks/bench_quality.py            measure, print, and write docs/export.md
    .venv/bin/python tests/benchmarks/bench_quality.py --dry      measure and print

Both sides get the same rows, the same seed, the same number of trials, all of them on all training rows, and the same
configurations to start from: FLAML's own start, four trees, leaves so few trials to luck that scores say more of it
than of prep. They are scored on the same holdout rows:
ROC AUC (of more than two classes: one against the rest, averaged), R² for numbers. The exported side is the ONNX
graph.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import r2_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from automl.export.build import build
from automl.export.prep import Prep, feeds
from automl.export.runtime import run, session
from automl.signature import Signature
from automl.training.choices import metric_for
from automl.training.dataset import read_table
from automl.training.infer import describe, infer
from automl.training.search import fitted_of
from automl.training.split import kind_for, split
from tests.benchmarks.pages import put, table_of
from tests.benchmarks.quality_tables import QualityTable, tables

SEEDS = 5
TRIALS = 2
"""Of each estimator. Among several in one search FLAML shares trials out by the clock."""
ROUNDS = {"n_estimators": 80, "learning_rate": 0.1, "reg_alpha": 1 / 1024, "reg_lambda": 1.0}
START = {
    "lgbm": {**ROUNDS, "num_leaves": 31, "min_child_samples": 20, "log_max_bin": 8, "colsample_bytree": 1.0},
    "xgboost": {
        **ROUNDS,
        "max_leaves": 31,
        "min_child_weight": 1.0,
        "subsample": 1.0,
        "colsample_bylevel": 1.0,
        "colsample_bytree": 1.0,
    },
    "rf": {"n_estimators": 40, "max_features": 0.4, "max_leaves": 300},
}
"""Estimators, one of each library, and where their search starts."""

MARGIN = 0.001
"""What the exported side may lose of the native score on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Holdout scores of one table, one for each seed."""

    table: str
    rows: int
    exported: tuple[float, ...]
    native: tuple[float, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dry", action="store_true", help="do not write the page")
    parser.add_argument("--only", nargs="*", help="names of tables")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--trials", type=int, default=TRIALS)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    started, measured = time.perf_counter(), []
    for table in tables():
        if chosen.only and table.name not in chosen.only:
            continue
        scores = compare(table, chosen.seeds, chosen.trials)
        measured.append(scores)
        sys.stdout.write("  ".join(_row(scores)) + f"  ({time.perf_counter() - started:.0f} s)\n")
        sys.stdout.flush()
    lost = np.mean([np.mean(each.native) - np.mean(each.exported) for each in measured])
    whole = ["**mean**", "", *(f"{np.mean([np.mean(getattr(each, side)) for each in measured]):.4f}"
             for side in ("exported", "native")), f"{-lost:+.4f}"]  # fmt: skip
    sys.stdout.write("  ".join(whole) + "\n")
    if not chosen.dry:
        head = ["table", "rows", "exported", "FLAML-native", "difference"]
        put("quality", table_of(head, [*(_row(each) for each in measured), whole]))
    return 0 if lost <= MARGIN else 1


def compare(table: QualityTable, seeds: int, trials: int) -> Scores:
    """Train, export and score both sides for each seed."""
    found = infer(read_table(table.csv, "csv"), table.spec)
    frame = table.frame().iloc[found.target.rows].reset_index(drop=True)
    target, exported, native = found.target.values, [], []
    for seed in range(seeds):
        parts = split(kind_for(table.spec, found.signature.task), target, holdout=0.2, seed=seed)
        train = found.tensors[parts.train]
        signature = describe(found.signature, train)
        prep = Prep.fit(signature, train)
        settings = _settings(table, signature, seed, trials)
        model = _fit(prep.transform(train).astype(np.float64), target[parts.train], settings)
        onnx = build(prep, fitted_of(model), signature, signature.classes)
        answers = run(session(onnx), feeds(found.tensors[parts.holdout]))
        name = "value" if signature.task == "regression" else "probabilities"
        exported.append(_score(signature, target[parts.holdout], answers[name]))
        plain = _fit(frame.iloc[parts.train], target[parts.train], settings)
        held = frame.iloc[parts.holdout]
        numbers = plain.predict(held) if signature.task == "regression" else plain.predict_proba(held)
        native.append(_score(signature, target[parts.holdout], numbers))
    return Scores(table=table.name, rows=len(target), exported=tuple(exported), native=tuple(native))


def _settings(table: QualityTable, signature: Signature, seed: int, trials: int) -> dict[str, Any]:
    return {
        "task": signature.task,
        "metric": metric_for(table.spec.search, signature.task, len(signature.classes)),
        "max_iter": trials,
        "time_budget": 3600,
        "eval_method": "holdout",
        "sample": False,
        "seed": seed,
        "n_jobs": 1,
        "retrain_full": True,
        "verbose": 0,
    }


def _fit(rows: Any, target: npt.NDArray[Any], settings: dict[str, Any]) -> Any:
    """The best of one search for each estimator."""
    found = []
    for name, start in START.items():
        forest = {"criterion": "gini"} if name == "rf" and settings["task"] == "classification" else {}
        model: Any = import_module("flaml").AutoML()
        model.fit(rows, target, estimator_list=[name], starting_points={name: start | forest}, **settings)
        found.append(model)
    return min(found, key=lambda model: model.best_loss)


def _score(signature: Signature, truth: npt.NDArray[Any], numbers: npt.NDArray[Any]) -> float:
    if signature.task == "regression":
        return float(r2_score(truth, np.asarray(numbers).reshape(-1)))
    if len(signature.classes) == 2:
        return float(roc_auc_score(truth, numbers[:, 1]))
    return float(roc_auc_score(truth, numbers, multi_class="ovr"))


def _row(scores: Scores) -> list[str]:
    pairs = [f"{np.mean(side):.4f} ± {np.std(side):.4f}" for side in (scores.exported, scores.native)]
    return [scores.table, f"{scores.rows:,}", *pairs, f"{np.mean(scores.exported) - np.mean(scores.native):+.4f}"]


if __name__ == "__main__":
    sys.exit(main())
