"""The timer: a monitor pass over every model."""

from __future__ import annotations

import logging

import azure.functions as func

from functions import parts
from functions.http import routes
from functions.logs import OneLine

blueprint = routes()
logger = logging.getLogger("evergreen.monitor")
logger.addFilter(OneLine())


@blueprint.timer_trigger(arg_name="timer", schedule="%EVERGREEN_MONITOR_SCHEDULE%")
def watch_models(timer: func.TimerRequest) -> None:
    """Watch every model. A tick that comes twice, or late, does what is left to do."""
    from automl.monitoring import passes

    core = parts.core()
    for report in passes.monitor_all(core.storage, core.registry, core.runs, core.clock):
        logger.info("Monitor of model %s: %s", report.model, report.text)
