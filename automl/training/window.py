"""How many of the newest rows to retrain on: enough to learn from, none so old that they teach what is over.

Candidates are all rows and the newest half, quarter, eighth and so on. A small LightGBM is fitted on each, without
the newest labelled rows, and judged on those: the closest there is to the rows that the new model will meet.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl.signature import Signature
from automl.tensors import Tensors

MIN_WINDOW = 500
"""Fewest rows of a candidate."""

MIN_PROBE, MAX_PROBE = 100, 1_000
"""Newest labelled rows that candidates are judged on: a quarter of them, within these bounds."""

Matrix = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The choice and its numbers.

    Parameters
    ----------
    rows
        How many of the newest rows to train on.
    of
        How many there are.
    probe_rows
        How many newest rows the candidates were judged on; they are part of `rows`.
    candidates
        (rows before the probe, mean loss on it, standard error of its difference to the best), largest first.
    reason
        Why, in a sentence.
    """

    rows: int
    of: int
    reason: str
    probe_rows: int = 0
    candidates: tuple[tuple[int, float, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "rows": self.rows,
            "of": self.of,
            "reason": self.reason,
            "probe_rows": self.probe_rows,
            "candidates": [{"rows": rows, "loss": loss, "error": error} for rows, loss, error in self.candidates],
        }


def choose(
    setting: Literal["auto", "all"] | int,
    signature: Signature,
    tensors: Tensors,
    target: npt.NDArray[Any],
    *,
    labelled: int,
    transform: Callable[[Tensors], Matrix],
    seed: int,
) -> Window:
    """Choose a window.

    Parameters
    ----------
    setting
        `retrain.window` of the spec.
    tensors, target
        All rows, oldest first; the last `labelled` of them were predicted by this system.
    transform
        Rows to the matrix that is learned from.
    """
    total = len(target)
    if setting == "all":
        return Window(rows=total, of=total, reason="The spec asks for all rows.")
    if setting != "auto":
        return Window(rows=min(setting, total), of=total, reason=f"The spec asks for the newest {setting} rows.")
    probe = min(max(labelled // 4, MIN_PROBE), MAX_PROBE)
    before = total - probe
    if labelled < 2 * MIN_PROBE or before < 2 * MIN_WINDOW:
        reason = f"{labelled} labelled rows among {total} are too few to compare windows, so all rows are used."
        return Window(rows=total, of=total, reason=reason)
    matrix = np.asarray(transform(tensors), dtype=np.float32)
    sizes = [before >> step for step in range(32) if before >> step >= MIN_WINDOW]
    losses = [
        _losses(signature, matrix[before - size : before], target[before - size : before], matrix[before:],
                target[before:], seed=seed)
        for size in sizes
    ]  # fmt: skip
    return _best(sizes, losses, before=before, probe=probe)


def _best(sizes: list[int], losses: list[npt.NDArray[np.float64]], *, before: int, probe: int) -> Window:
    """The largest window that is not worse than the best by more than one standard error of their difference."""
    best = int(np.argmin([loss.mean() for loss in losses]))
    errors = [float((loss - losses[best]).std(ddof=1)) / math.sqrt(probe) for loss in losses]
    gaps = [float(loss.mean() - losses[best].mean()) for loss in losses]
    chosen = next(place for place in range(len(sizes)) if gaps[place] <= errors[place])
    means = [float(loss.mean()) for loss in losses]
    rows = sizes[chosen] + probe
    reason = (
        f"Of windows of {', '.join(str(size) for size in sizes)} rows, judged on the newest {probe} labelled rows, "
        f"{sizes[chosen]} had a loss of {means[chosen]:.4f} and all of them {means[0]:.4f}."
    )
    return Window(
        rows=rows,
        of=before + probe,
        reason=reason,
        probe_rows=probe,
        candidates=tuple(zip(sizes, means, errors, strict=True)),
    )


def with_every_class(target: npt.NDArray[Any], count: int, *, classes: int, least: int) -> npt.NDArray[np.int64]:
    """Positions of the newest `count` rows, and the newest older ones of every class they have fewer than `least` of.

    A class that the window has lost stays a class: its truth must still be understood.
    """
    start = len(target) - count
    older: list[int] = []
    for label in range(classes):
        have = int((target[start:] == label).sum())
        older += np.flatnonzero(target[:start] == label)[::-1][: max(0, least - have)].tolist()
    return np.concatenate([np.sort(np.asarray(older, dtype=np.int64)), np.arange(start, len(target))])


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
