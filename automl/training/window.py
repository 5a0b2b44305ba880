"""What to retrain on: enough to learn from, none so old that it teaches what is over.

A small LightGBM is fitted on each candidate (`candidates`), without the newest labelled rows, and judged on those:
the closest there is to the rows that the new model will meet.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.signature import Signature
from automl.spec_sections import Retrain
from automl.tensors import Tensors
from automl.training.candidates import MIN_WINDOW, Candidate, weighted, windows

MIN_PROBE, MAX_PROBE = 100, 1_000
"""Newest labelled rows that candidates are judged on: a quarter of them, within these bounds."""

DAY_MS = 86_400_000

Matrix = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a candidate did on the newest labelled rows: its mean loss, and the standard error of that to the best."""

    candidate: Candidate
    loss: float
    error: float

    def to_json(self) -> dict[str, Any]:
        """What the manifest says of it."""
        told = {"rows": self.candidate.rows, "half_life": self.candidate.half_life}
        return {**told, "loss": self.loss, "error": self.error}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The choice and its numbers.

    Parameters
    ----------
    chosen
        Among all rows, those that the candidates were judged on included.
    of
        How many rows there are.
    probe_rows
        How many newest rows the candidates were judged on.
    trials
        Of candidates among the rows before those, the largest first.
    reason
        Why, in a sentence.
    """

    chosen: Candidate
    of: int
    reason: str
    probe_rows: int = 0
    trials: tuple[Trial, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "rows": self.chosen.rows,
            "half_life": self.chosen.half_life,
            "of": self.of,
            "reason": self.reason,
            "probe_rows": self.probe_rows,
            "candidates": [trial.to_json() for trial in self.trials],
        }


def choose(
    rules: Retrain,
    signature: Signature,
    tensors: Tensors,
    target: npt.NDArray[Any],
    *,
    predicted_ms: npt.NDArray[np.int64],
    transform: Callable[[Tensors], Matrix],
    seed: int,
) -> Window:
    """Choose what to retrain on.

    Parameters
    ----------
    rules
        `retrain` of the spec: its `window` and `window_days`.
    tensors, target
        All rows, oldest first; the last ones were predicted by this system.
    predicted_ms
        When those were, ascending, epoch milliseconds.
    transform
        Rows to the matrix that is learned from.
    """
    total, labelled = len(target), len(predicted_ms)
    of_days = _of_days(predicted_ms, rules.window_days)
    if (fixed := _fixed(rules, total, of_days)) is not None:
        return fixed
    probe = min(max(labelled // 4, MIN_PROBE), MAX_PROBE)
    before = total - probe
    if labelled < 2 * MIN_PROBE or before < 2 * MIN_WINDOW:
        return _without_trial(rules, total, labelled)
    matrix = np.asarray(transform(tensors), dtype=np.float32)
    found = weighted(before)
    if rules.window == "auto" or not found:
        found = [*windows(before, of_days=of_days - probe), *found]
    found.sort(key=lambda candidate: candidate.expected, reverse=True)
    losses = []
    for candidate in found:
        rows = candidate.places(before, seed=seed)
        losses.append(_losses(signature, matrix[rows], target[rows], matrix[before:], target[before:], seed=seed))
    return _best(found, losses, before=before, probe=probe)


def _fixed(rules: Retrain, total: int, of_days: int) -> Window | None:
    """What the spec says without any trial."""
    asked = rules.window
    if asked == "all":
        return Window(chosen=Candidate(rows=total), of=total, reason="The spec asks for all rows.")
    if asked == "days":
        rows = min(total, max(of_days, MIN_WINDOW))
        reason = f"The spec asks for the last {rules.window_days:,} days: {of_days:,} labelled rows"
        reason += "." if rows == of_days else f", so the newest {rows:,} rows are used."
        return Window(chosen=Candidate(rows=rows), of=total, reason=reason)
    if isinstance(asked, int):
        rows = min(asked, total)
        return Window(chosen=Candidate(rows=rows), of=total, reason=f"The spec asks for the newest {asked} rows.")
    return None


def _without_trial(rules: Retrain, total: int, labelled: int) -> Window:
    few = f"{labelled} labelled rows among {total} are too few to compare windows"
    if rules.window == "recency":
        chosen = Candidate(rows=total, half_life=max(MIN_WINDOW, total // 4))
        return Window(chosen=chosen, of=total, reason=f"{few}, so the rows are {chosen.text}.")
    return Window(chosen=Candidate(rows=total), of=total, reason=f"{few}, so all rows are used.")


def _of_days(predicted_ms: npt.NDArray[np.int64], days: int) -> int:
    """How many labelled rows were predicted within so many days before the newest of them."""
    if not len(predicted_ms):
        return 0
    first = np.searchsorted(predicted_ms, predicted_ms[-1] - days * DAY_MS, side="left")
    return int(len(predicted_ms) - first)


def _best(
    found: Sequence[Candidate], losses: Sequence[npt.NDArray[np.float64]], *, before: int, probe: int
) -> Window:
    """The largest candidate that is not worse than the best by more than one standard error of their difference."""
    best = int(np.argmin([loss.mean() for loss in losses]))
    errors = [float((loss - losses[best]).std(ddof=1)) / math.sqrt(probe) for loss in losses]
    trials = tuple(
        Trial(candidate=one, loss=float(loss.mean()), error=error)
        for one, loss, error in zip(found, losses, errors, strict=True)
    )
    won = next(trial for trial in trials if trial.loss - trials[best].loss <= trial.error)
    one, total = won.candidate, before + probe
    chosen = Candidate(rows=one.rows + probe, half_life=one.half_life)
    reason = (
        f"Of {'; '.join(candidate.text for candidate in found)}, judged on the newest {probe} labelled rows, "
        f"{one.text} had a loss of {won.loss:.4f} and the best {trials[best].loss:.4f}."
    )
    return Window(chosen=chosen, of=total, reason=reason, probe_rows=probe, trials=trials)


def _losses(
    signature: Signature,
    matrix: npt.NDArray[np.float32],
    target: npt.NDArray[Any],
    probe: npt.NDArray[np.float32],
    truth: npt.NDArray[Any],
    *,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Loss of each probe row: Brier's for classes (it has no infinite penalty), the absolute error for numbers."""
    import lightgbm

    classes = len(signature.classes)
    objective = {0: "regression", 2: "binary"}.get(classes, "multiclass")
    settings = {"objective": objective, "verbosity": -1, "seed": seed, "num_threads": os.cpu_count() or 1}
    if objective == "multiclass":
        settings["num_class"] = classes
    model = lightgbm.train(settings, lightgbm.Dataset(matrix, label=target), num_boost_round=100)
    answer = np.asarray(model.predict(probe), dtype=np.float64)
    if classes == 0:
        distances: npt.NDArray[np.float64] = np.abs(answer - truth)
        return distances
    if classes == 2:
        answer = np.column_stack([1 - answer, answer])
    losses: npt.NDArray[np.float64] = ((answer - np.eye(classes)[truth]) ** 2).sum(axis=1)
    return losses
