"""The pass that a queue message asks for: it comes to its end, or whoever waits for it is told that it did not."""

from __future__ import annotations

from functools import partial

from automl import asked_passes
from automl.events import Clock
from automl.monitoring import passes
from automl.monitoring.passes import Report
from automl.registry import Registry
from automl.runs import Runs
from automl.storage import Storage

TRIES = 5
"""How often a pass is begun anew because another one was first."""


def carry_out(
    storage: Storage,
    registry: Registry,
    runs: Runs,
    clock: Clock,
    model: str,
    *,
    asked: str | None,
) -> Report:
    """Make a pass.

    Parameters
    ----------
    asked
        Id of the pass that was asked for (`asked_passes`); none where nobody waits for it.
    """
    make = partial(passes.monitor_pass, storage, registry, runs, clock, model)
    if asked is None:
        return make()
    settle = partial(asked_passes.settle, storage, clock, model, asked)
    try:
        report = make()
        for _ in range(TRIES - 1):
            if not report.stopped:
                break
            report = make()
    except Exception as error:
        settle(status="failed", text=f"The pass failed: {type(error).__name__}: {error}")
        raise
    settle(status="stopped" if report.stopped else "done", text=report.text)
    return report
