"""What the owner of a model asks for: its target, its columns, the search, and when to retrain and promote.

A spec is a JSON object (`PUT /models/{model}`), or the same as TOML for the command line. Every field is documented
beneath itself; an unknown key is refused with the nearest known one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

from automl import forms
from automl.errors import InvalidInput, NotFound, Problem
from automl.forms import Check, flag, number, option, or_none, text, texts, whole
from automl.signature import FeatureType, Task
from automl.storage import CONTROL, Missing, Storage

MODEL_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")

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

    slices: tuple[str, ...] = ()
    """Features by whose values performance is told apart, 5 at most. What was labelled before is not told by them."""


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

    range: float = 100.0
    """For a regression: how far beyond its holdout's answers a value may be, in widths of their middle 80%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """When a challenger replaces the champion."""

    mode: Literal["auto", "manual"] = "auto"
    """Who promotes a challenger that has proved itself: the monitor, or a person to whom it is recommended."""

    rows: int = 5000
    """Labelled rows after which the comparison ends at the latest; looks are at each fifth of it."""

    alarm_rows: int = 500
    """The same while the champion's accuracy alarm is on."""

    margin: float = 0.01
    """How much worse than the champion a challenger must be shown not to be while the alarm is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrain:
    """When and on what a model retrains itself."""

    on_alarm: bool = True
    """Whether a fallen accuracy asks for a run at all."""

    on_drift: bool = False
    """Whether drift asks for a run, too: one each time that it begins."""

    every_days: int | None = None
    """Days after the newest run, whoever asked for it, when the schedule asks for another; none: no schedule."""

    cooldown_hours: float = 0.0
    """Hours after a run that the monitor asked for in which it asks for no other, whatever the cause."""

    most_per_day: int = 48
    """Runs that the monitor asks for within 24 hours at most, whatever the causes."""

    min_new_labels: int = 250
    """Labelled rows that must have arrived since the last run before another one is asked for."""

    hold_back: int = 100
    """Newest labelled rows that a retraining never sees, so that its verdict need not wait for new ones."""

    window: Literal["auto", "all"] | int = "auto"
    """Rows to retrain on, newest first: `all`, a number, or `auto` (chosen on the newest labelled rows)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Everything a model's owner asks for."""

    name: str
    """Name of the model: a small letter, then small letters, digits and hyphens, 63 at most."""

    target: str
    """The column to predict."""

    task: Task | None = None
    """`classification` or `regression`; inferred from the target when absent."""

    columns: Columns = field(default_factory=Columns)
    """Which columns of the table are what."""

    search: Search = field(default_factory=Search)
    """FLAML's settings."""

    split: Split = field(default_factory=Split)
    """How rows are set aside."""

    monitor: Monitor = field(default_factory=Monitor)
    """When accuracy counts as fallen."""

    guard: Guard = field(default_factory=Guard)
    """When truth is held back."""

    promotion: Promotion = field(default_factory=Promotion)
    """When a challenger replaces the champion."""

    retrain: Retrain = field(default_factory=Retrain)
    """When and on what a model retrains itself."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Spec:
        """Read a spec.

        Raises
        ------
        InvalidInput
            With one problem for every key that is unknown, missing or of the wrong kind.
        """
        return forms.read(cls, data, RULES, name="spec")

    def to_json(self) -> dict[str, Any]:
        """This spec as a JSON object, defaults included."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    @property
    def sha256(self) -> str:
        """Hash of the whole spec, the same for equal specs."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def model_name(name: str) -> str:
    """The name itself, when it may name a model.

    >>> model_name("adult")
    'adult'
    """
    if not MODEL_NAME.fullmatch(name):
        expected = "a small letter, then small letters, digits and hyphens, 63 at most"
        problem = Problem(field="name", expected=expected, got=repr(name)[:80], remedy="Choose such a name.")
        raise InvalidInput.of([problem])
    return name


def load(storage: Storage, model: str) -> Spec:
    """The spec of a model. Raises NotFound."""
    try:
        blob = storage.get(CONTROL, _blob(model))
    except Missing:
        blob = None
    if blob is None:
        raise NotFound(f"There is no model '{model}'. Create it with PUT /models/{model}, or see GET /models.")
    return Spec.from_json(orjson.loads(blob.data))


def save(storage: Storage, spec: Spec) -> None:
    """Store the spec of a model; the runs asked for from now on follow it."""
    storage.put(CONTROL, _blob(spec.name), orjson.dumps(spec.to_json()))


def _blob(model: str) -> str:
    return f"{model}/spec.json"


_KIND = option("number", "category", "boolean", "datetime")
_MANY = whole(100, 10**9)


def _types(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError
    return {text(name): _KIND(kind) for name, kind in value.items()}


def _slices(value: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = texts(value)
    if len(names) > 5:
        raise ValueError
    return names


def _window(value: Any) -> Any:
    return value if value in ("auto", "all") else _MANY(value)


NAME = Check(model_name, {"type": "string", "pattern": f"^{MODEL_NAME.pattern}$"})
TYPES = Check(_types, {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _KIND.schema})
WINDOW = Check(_window, {"anyOf": [{"type": "string", "enum": ["auto", "all"]}, _MANY.schema]})


RULES: forms.Rules = {
    "name": (NAME, "a small letter, then small letters, digits and hyphens, 63 at most"),
    "target": (text, "the name of the column to predict"),
    "task": (or_none(option("classification", "regression")), "classification or regression"),
    "columns.drop": (texts, "a list of column names"),
    "columns.key": (or_none(text), "a column name"),
    "columns.time": (or_none(text), "a column name"),
    "columns.types": (TYPES, "an object of column names and number, category, boolean or datetime"),
    "columns.unknown": (option("refuse", "ignore"), "refuse or ignore"),
    "columns.unknown_categories": (option("accept", "refuse"), "accept or refuse"),
    "search.time_budget": (number(1, 86_400), "a number of seconds from 1 to 86400"),
    "search.max_iter": (or_none(whole(1, 1_000_000)), "a positive whole number"),
    "search.metric": (text, "the name of a FLAML metric, or auto"),
    "search.estimator_list": (texts, "a list of FLAML estimator names"),
    "search.ensemble": (flag, "true or false"),
    "search.seed": (whole(0, 2**31 - 1), "a whole number from 0 to 2147483647"),
    "split.kind": (or_none(option("stratified", "random", "time")), "stratified, random or time"),
    "split.holdout": (number(0.05, 0.5), "a number from 0.05 to 0.5"),
    "monitor.alpha": (number(0.0001, 0.5), "a number from 0.0001 to 0.5"),
    "monitor.slices": (Check(_slices, {**texts.schema, "maxItems": 5}), "a list of at most 5 column names"),
    "guard.on": (flag, "true or false"),
    "guard.flood": (number(1.0, 1e6), "a number from 1 to 1000000"),
    "guard.shift": (number(0.05, 1.0), "a number from 0.05 to 1"),
    "guard.range": (number(1.0, 1e9), "a number from 1 to 1000000000"),
    "promotion.mode": (option("auto", "manual"), "auto or manual"),
    "promotion.rows": (whole(1000, 10**7), "a whole number from 1000 to 10000000"),
    "promotion.alarm_rows": (whole(200, 10**7), "a whole number from 200 to 10000000"),
    "promotion.margin": (number(0.0, 0.2), "a number from 0 to 0.2"),
    "retrain.on_alarm": (flag, "true or false"),
    "retrain.on_drift": (flag, "true or false"),
    "retrain.every_days": (or_none(whole(1, 3650)), "a whole number from 1 to 3650"),
    "retrain.cooldown_hours": (number(0.0, 8760.0), "a number from 0 to 8760"),
    "retrain.most_per_day": (whole(1, 1000), "a whole number from 1 to 1000"),
    "retrain.min_new_labels": (whole(0, 10**9), "a whole number"),
    "retrain.hold_back": (whole(0, 10**7), "a whole number"),
    "retrain.window": (WINDOW, "auto, all or a number of rows from 100"),
}
