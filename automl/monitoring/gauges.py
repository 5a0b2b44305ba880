"""What the monitor knows of a model, as gauges."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from automl.errors import NotFound
from automl.registry import Registry
from automl.telemetry.meter import Meter
from automl.telemetry.metrics import ACCURACY, COVERAGE, DRIFT_PSI, MODEL_AGE

if TYPE_CHECKING:
    from automl.monitoring.passes import Report

_log = logging.getLogger(__name__)

MEASURES = ("accuracy", "mae", "rmse")
"""Fields of a performance that are told."""

MOST_FEATURES = 50
"""Columns whose PSI is told: each is a series that Azure Monitor bills."""


def tell(meter: Meter, registry: Registry, report: Report, now: datetime) -> None:
    """Set the gauges of a model to what a pass has left; those of a former champion are let go.

    A model that cannot be read has none, and the others get theirs.
    """
    for metric in (ACCURACY, COVERAGE, DRIFT_PSI, MODEL_AGE):
        meter.forget(metric, report.model)
    try:
        champion = registry.pointer(report.model).champion
        trained = datetime.fromisoformat(registry.manifest(report.model, champion)["trained_until"])
    except NotFound:
        return
    except Exception as error:  # noqa: BLE001  (whatever is stored of one model)
        _log.warning("Model %s has no gauges.", report.model, exc_info=error)
        return
    meter.set(MODEL_AGE, (now - trained).total_seconds(), report.model)
    share = report.known.get("coverage", {}).get("share")
    if share is not None:
        meter.set(COVERAGE, share, report.model)
    drift = report.known.get("drift") or {}
    for shift in drift.get("features", [])[:MOST_FEATURES]:  # largest first
        if shift["psi"] is not None:
            meter.set(DRIFT_PSI, shift["psi"], report.model, shift["column"])
    for item in report.known.get("performance", []):
        if item["version"] == champion:
            for measure in MEASURES:
                if measure in item:
                    meter.set(ACCURACY, item[measure], report.model, measure, item["window"])
