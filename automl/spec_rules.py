"""What each field of a spec accepts: a check, and what it expects in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from automl import forms
from automl.errors import InvalidInput, Problem
from automl.forms import Check, flag, number, option, or_none, text, texts, whole

MODEL_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


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


_KIND = option("number", "category", "boolean", "datetime")
_MANY = whole(100, 10**9)
_WINDOWS = ("auto", "all", "days", "recency")


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
    return value if value in _WINDOWS else _MANY(value)


NAME = Check(model_name, {"type": "string", "pattern": f"^{MODEL_NAME.pattern}$"})
TYPES = Check(_types, {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _KIND.schema})
WINDOW = Check(_window, {"anyOf": [{"type": "string", "enum": [*_WINDOWS]}, _MANY.schema]})


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
    "monitor.look_every": (whole(10, 10_000), "a whole number from 10 to 10000"),
    "monitor.horizon": (whole(10, 10**6), "a whole number from 10 to 1000000"),
    "monitor.min_holdout": (whole(30, 10**6), "a whole number from 30 to 1000000"),
    "monitor.early_delta": (number(1e-9, 0.5), "a number from 1e-9 to 0.5"),
    "monitor.slices": (Check(_slices, {**texts.schema, "maxItems": 5}), "a list of at most 5 column names"),
    "monitor.redact": (texts, "a list of column names"),
    "keep.features_days": (or_none(whole(1, 36_500)), "a whole number from 1 to 36500"),
    "keep.days": (or_none(whole(1, 36_500)), "a whole number from 1 to 36500"),
    "guard.on": (flag, "true or false"),
    "guard.flood": (number(1.0, 1e6), "a number from 1 to 1000000"),
    "guard.shift": (number(0.05, 1.0), "a number from 0.05 to 1"),
    "guard.source": (number(0.05, 1.0), "a number from 0.05 to 1"),
    "guard.range": (number(1.0, 1e9), "a number from 1 to 1000000000"),
    "promotion.mode": (option("auto", "manual"), "auto or manual"),
    "promotion.share": (number(0.0, 0.5), "a number from 0 to 0.5"),
    "promotion.rows": (whole(1000, 10**7), "a whole number from 1000 to 10000000"),
    "promotion.alarm_rows": (whole(200, 10**7), "a whole number from 200 to 10000000"),
    "promotion.margin": (number(0.0, 0.2), "a number from 0 to 0.2"),
    "promotion.slowest": (number(1.0, 1000.0), "a number from 1 to 1000"),
    "promotion.shadow_rows": (whole(0, 10**7), "a whole number from 0 to 10000000"),
    "retrain.on_alarm": (flag, "true or false"),
    "retrain.recall": (flag, "true or false"),
    "retrain.on_drift": (flag, "true or false"),
    "retrain.on_upload": (flag, "true or false"),
    "retrain.on_schema_change": (flag, "true or false"),
    "retrain.every_days": (or_none(whole(1, 3650)), "a whole number from 1 to 3650"),
    "retrain.cooldown_hours": (number(0.0, 8760.0), "a number from 0 to 8760"),
    "retrain.most_per_day": (whole(1, 1000), "a whole number from 1 to 1000"),
    "retrain.budget_minutes": (or_none(number(0.1, 1e6)), "a number of minutes from 0.1 to 1000000"),
    "retrain.min_new_labels": (whole(0, 10**9), "a whole number"),
    "retrain.backoff_rows": (whole(0, 10**9), "a whole number"),
    "retrain.hold_back": (whole(0, 10**7), "a whole number"),
    "retrain.window": (WINDOW, "auto, all, days, recency or a number of rows from 100"),
    "retrain.window_days": (whole(1, 3650), "a whole number from 1 to 3650"),
}
