"""Every metric by its name, unit and dimensions. Feature values and ids are never a dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metric:
    """One metric; each is made once, here, and compared by identity.

    Parameters
    ----------
    kind
        `counter` (adds up), `gauge` (the value now) or `histogram` (how many, sum, least and greatest: Azure Monitor
        keeps no more of one).
    unit
        In UCUM, as OpenTelemetry has it.
    dimensions
        Names of what tells its series apart.
    text
        What it is, as a sentence.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    dimensions: tuple[str, ...]
    text: str


SCORE_DURATION = Metric(
    name="evergreen.score.duration",
    kind="histogram",
    unit="ms",
    dimensions=("model",),
    text="Time from a request's body to its answer, its way into the log included.",
)
SCORE_ROWS = Metric(
    name="evergreen.score.rows", kind="counter", unit="{row}", dimensions=("model",), text="Rows scored."
)
SCORE_ERRORS = Metric(
    name="evergreen.score.errors",
    kind="counter",
    unit="{request}",
    dimensions=("reason",),
    text="Requests refused or failed once their body was read, by the code of the error.",
)
SCORE_DECLINED = Metric(
    name="evergreen.score.declined",
    kind="counter",
    unit="{request}",
    dimensions=("model",),
    text="Requests of a challenger's share that the champion answered, as the challenger could not.",
)
LOAD_DURATION = Metric(
    name="evergreen.model.load.duration",
    kind="histogram",
    unit="ms",
    dimensions=("model",),
    text="Time to read a version, check its hashes and prove it on its golden rows.",
)
LOAD_FAILURES = Metric(
    name="evergreen.model.load.failures",
    kind="counter",
    unit="{look}",
    dimensions=("model", "role"),
    text="Looks that found the champion, or a challenger with a share, not to be loaded.",
)
LOG_DROPPED = Metric(
    name="evergreen.log.dropped",
    kind="counter",
    unit="{record}",
    dimensions=("log",),
    text="Records that were not acknowledged: predictions answered with `logged: false`, truth answered 503.",
)
MODEL_AGE = Metric(
    name="evergreen.model.age",
    kind="gauge",
    unit="s",
    dimensions=("model",),
    text="Time since the newest row that the champion was trained on.",
)
ACCURACY = Metric(
    name="evergreen.accuracy",
    kind="gauge",
    unit="1",
    dimensions=("model", "metric", "window"),
    text="How good the champion's labelled answers were: `accuracy`, or `mae` and `rmse` in the target's unit.",
)
COVERAGE = Metric(
    name="evergreen.labels.coverage",
    kind="gauge",
    unit="1",
    dimensions=("model",),
    text="Share of the predictions for which truth has come.",
)
DRIFT_PSI = Metric(
    name="evergreen.drift.psi",
    kind="gauge",
    unit="1",
    dimensions=("model", "feature"),
    text="How far the newest values of a column have moved from the baseline, for the columns that moved most.",
)
RETRAIN_RUNS = Metric(
    name="evergreen.retrain.runs",
    kind="counter",
    unit="{run}",
    dimensions=("model", "outcome", "trigger"),
    text="Runs that ended, by outcome (registered, rejected, failed) and the kind of their cause.",
)
RETRAIN_DURATION = Metric(
    name="evergreen.retrain.duration",
    kind="histogram",
    unit="s",
    dimensions=("model", "outcome"),
    text="Time of a run from its first worker to its end.",
)
PROMOTIONS = Metric(
    name="evergreen.promotion.total",
    kind="counter",
    unit="{decision}",
    dimensions=("model", "decision"),
    text="Moves of the champion pointer and ends of comparisons, by the kind of their event.",
)

METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""All of them."""
