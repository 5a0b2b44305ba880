"""What the owner of a model asks for: its target, its columns, the search, and when to retrain and promote.

A spec is a JSON object (`PUT /models/{model}`), or the same as TOML for the command line. Every field is documented
beneath itself; an unknown key is refused with the nearest known one.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal

from automl.errors import InvalidInput, Problem
from automl.signature import FeatureType, Task

MODEL_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")

SplitKind = Literal["stratified", "random", "time"]
UnknownColumns = Literal["refuse", "ignore"]


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
    """FLAML estimator names; empty: every one that can be exported exactly."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """When a challenger replaces the champion."""

    rows: int = 5000
    """Labelled rows after which the comparison ends at the latest; looks are at each fifth of it."""

    alarm_rows: int = 1000
    """The same while the champion's accuracy alarm is on."""

    margin: float = 0.01
    """How much worse than the champion a challenger must be shown not to be while the alarm is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrain:
    """When and on what a model retrains itself."""

    on_alarm: bool = True
    """Whether a fallen accuracy asks for a run at all."""

    min_new_labels: int = 500
    """Labelled rows that must have arrived since the last run before another one is asked for."""

    hold_back: int = 500
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
        problems: list[Problem] = []
        spec = _read(cls, data, "", problems)
        if problems:
            raise InvalidInput.of(problems)
        assert isinstance(spec, cls)  # noqa: S101  (what _read returns where it found no problem)
        return spec

    def to_json(self) -> dict[str, Any]:
        """This spec as a JSON object, defaults included."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    @property
    def sha256(self) -> str:
        """Hash of the whole spec, the same for equal specs."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def model_name(text: str) -> str:
    """The name itself, when it may name a model.

    >>> model_name("adult")
    'adult'
    """
    if not MODEL_NAME.fullmatch(text):
        expected = "a small letter, then small letters, digits and hyphens, 63 at most"
        problem = Problem(column="name", expected=expected, got=repr(text)[:80], remedy="Choose such a name.")
        raise InvalidInput.of([problem])
    return text


_SECTIONS: dict[str, type] = {
    "columns": Columns,
    "search": Search,
    "split": Split,
    "monitor": Monitor,
    "promotion": Promotion,
    "retrain": Retrain,
}


def _read(kind: type, data: Any, path: str, problems: list[Problem]) -> object | None:
    """One section, or None with its problems noted."""
    if not isinstance(data, Mapping):
        problems.append(
            Problem(column=path or "spec", expected="an object", got=_shown(data), remedy="Send a JSON object.")
        )
        return None
    before = len(problems)
    known = {item.name: item for item in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in data.items():
        where = f"{path}.{key}" if path else str(key)
        if key not in known:
            problems.append(_unknown(where, str(key), list(known)))
        elif not path and key in _SECTIONS:
            values[key] = _read(_SECTIONS[key], value, key, problems)
        else:
            try:
                values[key] = _CHECKS[where](value)
            except (ValueError, InvalidInput):
                expected = _EXPECTED[where]
                problems.append(
                    Problem(column=where, expected=expected, got=_shown(value), remedy="Change it or leave it out.")
                )
    for name, item in known.items():
        if name not in data and item.default is MISSING and item.default_factory is MISSING:
            remedy = f"Add '{name}'."
            problems.append(Problem(column=name, expected=_EXPECTED[name], got="nothing", remedy=remedy))
    return None if len(problems) > before else kind(**values)


def _unknown(where: str, key: str, known: list[str]) -> Problem:
    near = difflib.get_close_matches(key, known, n=1)
    remedy = f"Did you mean '{near[0]}'?" if near else "Remove it."
    return Problem(column=where, expected="one of " + ", ".join(known), got="an unknown key", remedy=remedy)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_text(item) for item in value)


def _option(*options: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in options:
            raise ValueError
        return str(value)

    return check


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return check


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _types(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError
    check = _option("number", "category", "boolean", "datetime")
    return {_text(name): check(kind) for name, kind in value.items()}


def _window(value: Any) -> str | int:
    return value if value in ("auto", "all") else _whole(100, 10**9)(value)


def _or_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


_RULES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "name": (model_name, "a small letter, then small letters, digits and hyphens, 63 at most"),
    "target": (_text, "the name of the column to predict"),
    "task": (_or_none(_option("classification", "regression")), "classification or regression"),
    "columns.drop": (_texts, "a list of column names"),
    "columns.key": (_or_none(_text), "a column name"),
    "columns.time": (_or_none(_text), "a column name"),
    "columns.types": (_types, "an object of column names and number, category, boolean or datetime"),
    "columns.unknown": (_option("refuse", "ignore"), "refuse or ignore"),
    "search.time_budget": (_number(1, 86_400), "a number of seconds from 1 to 86400"),
    "search.max_iter": (_or_none(_whole(1, 1_000_000)), "a positive whole number"),
    "search.metric": (_text, "the name of a FLAML metric, or auto"),
    "search.estimator_list": (_texts, "a list of FLAML estimator names"),
    "search.seed": (_whole(0, 2**31 - 1), "a whole number from 0 to 2147483647"),
    "split.kind": (_or_none(_option("stratified", "random", "time")), "stratified, random or time"),
    "split.holdout": (_number(0.05, 0.5), "a number from 0.05 to 0.5"),
    "monitor.alpha": (_number(0.0001, 0.5), "a number from 0.0001 to 0.5"),
    "promotion.rows": (_whole(1000, 10**7), "a whole number from 1000 to 10000000"),
    "promotion.alarm_rows": (_whole(200, 10**7), "a whole number from 200 to 10000000"),
    "promotion.margin": (_number(0.0, 0.2), "a number from 0 to 0.2"),
    "retrain.on_alarm": (_flag, "true or false"),
    "retrain.min_new_labels": (_whole(0, 10**9), "a whole number"),
    "retrain.hold_back": (_whole(0, 10**7), "a whole number"),
    "retrain.window": (_window, "auto, all or a number of rows from 100"),
}
_CHECKS = {key: rule[0] for key, rule in _RULES.items()}
_EXPECTED = {key: rule[1] for key, rule in _RULES.items()}
