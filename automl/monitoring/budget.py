"""How much of their budget the runs have used that the monitor asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from automl.events import iso
from automl.monitoring.scene import Scene
from automl.run import Run

SPAN = timedelta(days=30)
"""The budget is for any so many days."""


def spent(scene: Scene, own: Sequence[Run]) -> str | None:
    """Why another run would be beyond `retrain.budget_minutes`, and until when; None when it would not.

    A run counts as it began, with what it took from then to its end; one that has not ended, and the next, with the
    budget of their search.

    Parameters
    ----------
    own
        The runs that the monitor asked for, newest first.
    """
    most, wanted = scene.spec.retrain.budget_minutes, scene.spec.search.time_budget / 60
    if most is None:
        return None
    if wanted > most:
        return f"one search of {wanted:g} minutes is more than the {most:g} of retrain.budget_minutes"
    taken = [(datetime.fromisoformat(run.started or run.at), _minutes(run, wanted)) for run in own]
    taken = [(begun, minutes) for begun, minutes in taken if begun + SPAN > scene.now]
    left = most - sum(minutes for _, minutes in taken)
    if wanted <= left:
        return None
    used, until = most - left, scene.now
    for begun, minutes in sorted(taken):
        left, until = left + minutes, begun + SPAN
        if wanted <= left:
            break
    return (
        f"runs took {used:.1f} of the {most:g} minutes that they may take within {SPAN.days} days, "
        f"and the next may not be before {iso(until)}"
    )


def _minutes(run: Run, wanted: float) -> float:
    if run.ended is None:
        return wanted
    took = datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.started or run.ended)
    return took.total_seconds() / 60
