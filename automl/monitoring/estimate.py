"""How good the champion's newest answers probably were, before any truth has come; advisory.

Confidence-based performance estimation: where probabilities are calibrated, the chance that an answer is right is the
probability of its class, and the mean of these chances is the accuracy to be expected; the sums of all probabilities
give the whole expected confusion matrix. (Guillory et al. 2021: Predicting with confidence on unseen distributions,
ICCV, for the mean; NannyML's documentation for the matrix.) In simulations it was within 2 points while columns moved
mildly. When the target itself changes its meaning, probabilities stay what they were, and so does the estimate.
"""

from __future__ import annotations

import math
from typing import Any

from automl.evaluation import class_metrics
from automl.evaluation.class_sums import ClassSums
from automl.evaluation.intervals import Z95
from automl.monitoring import drift, histograms, performance
from automl.monitoring.drift_reference import References
from automl.monitoring.scene import Scene
from automl.monitoring.state import State

LEAST_ROWS = 100
"""Predictions under which nothing is estimated."""


def told(state: State, scene: Scene) -> dict[str, Any]:
    """What people are told.

    Returns
    -------
    `state`: `ok`, `hidden` or `none`; `text`; of `ok` the `window`, its `n`, `accuracy`, `balanced_accuracy` and `f1`
    (or `f1_macro`), and the estimate's own `error`.
    """
    champion = scene.pointer.champion
    reference = scene.references.of(champion)
    if reference is None or reference.calibration is None:
        why = f"Version {champion} has no calibrated probabilities, so its accuracy is not estimated without truth."
        return {"state": "none", "text": why}
    window = histograms.newest(state, champion, hours=drift.WINDOW_HOURS, rows=drift.WINDOW_ROWS)
    n = int(window.tally.expected.sum().round()) if window else 0
    if window is None or n < LEAST_ROWS:
        return {"state": "none", "text": f"Accuracy is estimated from {LEAST_ROWS} predictions on; there are {n}."}
    if drift.is_on(state):
        why = "Accuracy is not estimated while drift is on: probabilities that were calibrated on other data mislead."
        return {"state": "hidden", "text": why}
    side = math.isqrt(len(window.tally.expected))
    confusion = window.tally.expected.reshape(side, side)
    found = [
        class_metrics.accuracy(confusion),
        class_metrics.balanced_accuracy(confusion),
        class_metrics.f1(confusion),
    ]
    error = error_of(state, scene.references, champion)
    text = (
        f"Without their truth, the {n:,} predictions from {window.first} to {window.last} (UTC) are estimated to be "
        f"{100 * found[0].value:.1f}% right. {_own_error(error)}"
    )
    span = {"first": window.first, "last": window.last}
    return {
        "state": "ok",
        "text": text,
        "window": span,
        "n": n,
        **{one.metric: one.value for one in found},
        "error": error,
    }


def error_of(state: State, references: References, version: str) -> dict[str, Any] | None:
    """The estimate against what came true, on the same labelled rows; None before there are any.

    Returns
    -------
    `n`, the accuracy `estimated` and `realised`, their `difference` (estimated less realised) with the ends `low` and
    `high` of its 95% interval, by the normal approximation.
    """
    kept = performance.kept_of(references, version)
    if not isinstance(kept, ClassSums):
        return None
    sums = performance.sums_of(state, kept, version)
    n = kept.scalar(sums, "expecting")
    if not n:
        return None
    estimated, realised = kept.scalar(sums, "expected") / n, kept.scalar(sums, "expected_right") / n
    spread = Z95 * math.sqrt(max(estimated * (1 - estimated), realised * (1 - realised)) / n)
    gap = estimated - realised
    ends = {"difference": gap, "low": gap - spread, "high": gap + spread}
    return {"n": int(n), "estimated": estimated, "realised": realised, **ends}


def _own_error(error: dict[str, Any] | None) -> str:
    if error is None:
        return "No truth has come to compare such an estimate with."
    points = {name: f"{100 * error[name]:+.1f}" for name in ("difference", "low", "high")}
    return (
        f"On the {error['n']:,} of this version whose truth came, such an estimate was {points['difference']} points "
        f"off (95% interval {points['low']} to {points['high']})."
    )
