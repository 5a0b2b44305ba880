"""The sections of a spec, each field documented beneath itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from automl.signature import FeatureType

SplitKind = Literal["stratified", "random", "time"]
UnknownColumns = Literal["refuse", "ignore"]
UnknownCategories = Literal["accept", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns of the table are what."""

    drop: tuple[str, ...] = ()
    """Columns that are not features. Requests may still carry them; they are not read."""

    key: str | None = None
    """The business key: not a feature; ground truth may be sent by it instead of by prediction id."""

    time: str | None = None
    """The column that orders the rows; implies `split.kind = "time"`."""

    types: Mapping[str, FeatureType] = field(default_factory=dict)
    """Types that override what is inferred: number, category, boolean or datetime."""

    unknown: UnknownColumns = "refuse"
    """What a scoring request with a column that training never saw meets."""

    unknown_categories: UnknownCategories = "accept"
    """What a scoring request with a category that training never saw meets; accepted, it counts as an unknown one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """FLAML's settings, under FLAML's own names."""

    time_budget: float = 60.0
    """Seconds the search may take."""

    max_iter: int | None = None
    """Most trials; none: as many as the time allows."""

    metric: str = "auto"
    """What to optimise: a FLAML metric name, or `auto` (roc_auc for two classes, log_loss for more, r2)."""

    estimator_list: tuple[str, ...] = ()
    """FLAML estimator names; empty: FLAML's own choice, all of which can be exported exactly."""

    ensemble: bool = False
    """Whether the best estimators are stacked at the end, which may take as long again as the search."""

    seed: int = 0
    """Seed of the split and of the search. A search under a time budget does not repeat even so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How rows are set aside that the search never sees."""

    kind: SplitKind | None = None
    """`stratified` (default for classification), `random` (for regression) or `time` (newest rows held out)."""

    holdout: float = 0.2
    """Share of the rows that is held out, between 0.05 and 0.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """When accuracy counts as fallen."""

    alpha: float = 0.05
    """Chance of any false alarm in the life of a model."""

    look_every: int = 50
    """Labels between two looks of the alarm. Like the three below, it holds from the next champion on."""

    horizon: int = 1000
    """Looks over which half of the alarm's chance is spread: about how many a model's life has."""

    min_holdout: int = 100
    """Holdout rows under which the alarm is not raised, as there is too little to judge by."""

    early_delta: float = 0.002
    """ADWIN's confidence δ for the early warning, an event that leads to nothing; smaller is calmer."""

    slices: tuple[str, ...] = ()
    """Features by whose values performance is told apart, 5 at most. What was labelled before is not told by them."""

    redact: tuple[str, ...] = ()
    """Features, or the key, that are never logged: see [privacy](privacy.md) for what goes without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long what was scored stays. Days are UTC days; see [privacy](privacy.md) for when the last copy is gone."""

    features_days: int | None = None
    """Days after which the features of a prediction are emptied in log and lake, while its answer stays; none: they
    stay as long as it does."""

    days: int | None = None
    """Days after which predictions and truth are removed from log, lake and monitor; none: they stay as long as the
    model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """When truth looks poisoned and is held back until a person has looked at it."""

    on: bool = True
    """Whether anything is held back at all."""

    flood: float = 10.0
    """How many times the truths of the busiest hour in two weeks may come in one hour; a thousand always may."""

    shift: float = 0.45
    """Share of an hour's labels that may be others than before, half of it where all are the same. For a regression
    the mean may be off by three standard deviations instead."""

    source: float = 0.4
    """By how much the share of one source in an hour's truth, or in a label all of which it sends, may exceed its
    share before; only where sources have named themselves for a day."""

    range: float = 100.0
    """For a regression: how far beyond its holdout's answers a value may be, in widths of their middle 80%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """When a challenger replaces the champion."""

    mode: Literal["auto", "manual"] = "auto"
    """Who promotes a challenger that has proved itself: the monitor, or a person to whom it is recommended."""

    share: float = 0.0
    """Share of the scoring requests that a challenger answers while it is judged; 0: none, it answers in silence."""

    rows: int = 5000
    """Labelled rows after which the comparison ends at the latest; looks are at each fifth of it."""

    alarm_rows: int = 500
    """The same while the champion's accuracy alarm is on."""

    margin: float = 0.01
    """How much worse a challenger must be shown not to be while the alarm is on, and not shown to be in any slice."""

    slowest: float = 3.0
    """How many times as long as the champion a challenger may take for one row; within a millisecond any is quick."""

    shadow_rows: int = 5000
    """Labelled rows after a promotion in which the champion before comes back if it is proved better; 0: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrain:
    """When and on what a model retrains itself."""

    on_alarm: bool = True
    """Whether a fallen accuracy asks for a run at all."""

    recall: bool = True
    """Whether earlier versions are tried before a fallen accuracy asks for a run."""

    on_drift: bool = False
    """Whether drift asks for a run, too: one each time that it begins."""

    on_upload: bool = False
    """Whether a table that was sent through the API asks for a run when nobody has within 10 minutes."""

    on_schema_change: bool = False
    """Whether a run is asked for when `columns` of the spec has changed, and on a dropped table with other columns
    than the champion's."""

    every_days: int | None = None
    """Days after the newest run, whoever asked for it, when the schedule asks for another; none: no schedule."""

    cooldown_hours: float = 0.0
    """Hours after a run that the monitor asked for in which it asks for no other, whatever the cause."""

    most_per_day: int = 48
    """Runs that the monitor asks for within 24 hours at most, whatever the causes."""

    budget_minutes: float | None = None
    """Minutes that the runs which the monitor asks for may take within 30 days, from begin to end; none: no limit."""

    min_new_labels: int = 250
    """Labelled rows that must have arrived since the last run before another one is asked for."""

    backoff_rows: int = 12_500
    """Newest labelled rows within which each run for an alarm doubles `min_new_labels` for the next one; 0: never."""

    hold_back: int = 100
    """Newest labelled rows that a retraining never sees, so that its verdict need not wait for new ones."""

    window: Literal["auto", "all", "days", "recency"] | int = "auto"
    """Rows to retrain on: `all`, the newest so many, the last `days`, by `recency` (the newer the likelier), or
    `auto`. Where there is a choice, it is made on the newest labelled rows."""

    window_days: int = 30
    """What `days` are, counted back from the newest labelled row; their rows are one of the candidates of `auto`."""
