"""The timer: a monitor pass over every model, what is left of its erasures, then the delivery of the events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from functions import erasing, parts
from functions.http import routes
from functions.logs import OneLine

if TYPE_CHECKING:
    from automl.monitoring.passes import Report

blueprint = routes()
logger = logging.getLogger("evergreen.monitor")
logger.addFilter(OneLine())


@blueprint.timer_trigger(arg_name="timer", schedule="%EVERGREEN_MONITOR_SCHEDULE%")
def watch_models(timer: func.TimerRequest) -> None:
    """Watch every model. A tick that comes twice, or late, does what is left to do."""
    from automl.delivery import deliver
    from automl.monitoring import gauges, passes

    core = parts.core()
    with core.telemetry.tracer.span("monitor"):
        for report in passes.monitor_all(core.storage, core.registry, core.runs, core.clock):
            tell(report)
            if core.telemetry.sender is not None:  # gauges cost two reads a model
                gauges.tell(core.telemetry.meter, core.registry, report, core.clock())
            erasing.take_further(core, report.model)
    deliver.deliver_all(core.registry, core.settings, core.clock)
    core.telemetry.flush()


def tell(report: Report) -> None:
    """Log a pass and, each in a line of its own, what it decided: alerts are made of these lines."""
    logger.info("Monitor of model %s: %s", report.model, report.text)
    if report.lake:
        logger.warning("Lake of model %s: %s", report.model, report.lake)
    for decision in report.decisions:
        logger.warning("Decision on model %s: %s", report.model, decision)
