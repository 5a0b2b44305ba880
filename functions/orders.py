"""What the messages of the queue ask for, done, whether the queue trigger takes them or the job for long searches."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from functions import erasing
from functions.logs import OneLine
from functions.monitor import tell

if TYPE_CHECKING:
    from automl.bootstrap import Core

logger = logging.getLogger("evergreen.queue")
logger.addFilter(OneLine())

SETTLE_S = 1.0
"""How long after its refresh an instance may still answer for a champion that is gone, in seconds."""


def work_on(order: Mapping[str, Any], core: Core) -> None:
    """Do what a message asks for: a run, a pass, a look for a file that was dropped, an erasure, or a removal.

    Raises
    ------
    ValueError
        The message is none of ours.
    """
    match order:
        case {"kind": "train", "model": str(model), "run_id": str(run_id)}:
            from automl.training import worker

            logger.info("Run %s of model %s begins, trace %s", run_id, model, order.get("traceparent"))
            with core.telemetry.tracer.span("train", parent=order.get("traceparent"), model=model):
                run = worker.handle(order, core)
            text = "nothing to do" if run is None else f"{run.status}: {run.message}"
            logger.info("Run %s of model %s: %s", run_id, model, text)
            core.telemetry.flush()
        case {"kind": "monitor", "model": str(model)}:
            _watch(core, model, order.get("asked"))
        case {"type": "Microsoft.Storage.BlobCreated", "subject": str(subject)}:  # a CloudEvent from Event Grid
            from automl.monitoring import tables

            if (dropped_for := tables.model_of(subject)) is not None:
                _watch(core, dropped_for)
        case {"kind": "erase", "model": str(model)}:
            erasing.take_further(core, model)
        case {"kind": "delete", "model": str(model)}:
            from automl import deletion

            wait_s = core.settings.champion_refresh_s + SETTLE_S
            removed = deletion.sweep(core.storage, model, settle=lambda: time.sleep(wait_s))
            logger.info("Model %s was removed: %s blobs", model, sum(removed.values()))
        case _:
            raise ValueError(f"Expected a message of kind train, monitor, erase or delete, got {str(order)[:200]}.")


def _watch(core: Core, model: str, asked: str | None = None) -> None:
    """A pass of the monitor over one model, which looks for dropped files, too."""
    from automl.monitoring.asked import carry_out

    with core.telemetry.tracer.span("monitor", model=model):
        tell(carry_out(core.storage, core.registry, core.runs, core.clock, model, asked=asked))
    core.telemetry.flush()
