"""Why an estimator of FLAML is not exported, known by its name before any search."""

from __future__ import annotations

from automl.export import ESTIMATORS, KNOWN, SUPPORTED, Task

_NEIGHBOURS = "It would put every row it was trained on into the model; take another estimator."
_FORECAST = "Forecasts of time series are not served; take another estimator and columns.time."
_LANGUAGE = "Language models are not served; take another estimator and columns made of the text."
NOT_EXPORTED = {
    "kneighbor": _NEIGHBOURS,
    **dict.fromkeys(("transformer", "transformer_ms"), _LANGUAGE),
    **dict.fromkeys(
        ("arima", "sarimax", "prophet", "holt-winters", "orbit", "tft", "tcn", "avg", "savg", "naive", "snaive"),
        _FORECAST,
    ),
}
"""FLAML's names and what to do instead."""


def why_not(name: str, task: Task) -> str | None:
    """Why FLAML's estimator of this name is not exported, and what to do; None when it is, or is unknown."""
    if name in SUPPORTED[task]:
        return None
    if name in ESTIMATORS:
        return f"It has no {task}; leave it out."
    if name in KNOWN:
        return f"Install its library: pip install 'evergreen[{KNOWN[name].needs}]'."
    if name.endswith("_spark"):
        return "It is a model of Spark, which does not run here; leave '_spark' off or leave it out."
    return NOT_EXPORTED.get(name)
