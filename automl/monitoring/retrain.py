"""Whether to ask for another run, now that the champion's accuracy has fallen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from automl.events import iso
from automl.log.reader import hour_of
from automl.monitoring import labels, outbox
from automl.monitoring.scene import Scene
from automl.monitoring.state import State
from automl.runs import Cause, Run

PATIENCE = 8
"""Runs in a row that may end without a promotion before the wait for the next doubles each time. A model that no
retraining can help must not cost a search every `min_new_labels` labels for ever; but with three instead of eight,
one replay of Elec2 in eight slept through a change (recovering 0.1–0.4 instead of 0.7)."""


def ask(state: State, scene: Scene) -> bool:
    """Decide to ask for a run, where there is reason to and nothing speaks against it; whether it was decided.

    No run is asked for while one is open, while a challenger is being judged, or before enough labelled rows have
    come since the last one.
    """
    pointer, rules = scene.pointer, scene.spec.retrain
    if not state.alarm or not rules.on_alarm or pointer.challenger:
        return False
    runs = scene.runs.find(scene.model)
    if any(run.is_open for run in runs):
        return False
    new = state.labelled - _labels_at(state, runs[0]) if runs else state.labelled
    wanted = wait(rules.min_new_labels, tries(scene, runs))
    if new < wanted:
        return False
    text = (
        f"Retraining was asked for, with {new:,} new labelled rows of {state.labelled:,} in all "
        f"(at least {wanted:,} were needed): {state.alarm['text']}"
    )
    cause = Cause(kind="accuracy", key=f"{scene.reign}/{state.labelled}", text=text, at=scene.now)
    until = datetime.fromtimestamp((state.newest_ms + 1) / 1000, UTC)  # exactly the truths this decision has seen
    data = scene.registry.manifest(scene.model, pointer.champion)["data"]  # the table the labelled rows are added to
    outbox.train(
        state,
        cause=cause,
        data={name: data[name] for name in ("blob", "etag", "format", "sha256") if name in data},
        labelled={"until": iso(until), "since": None},
    )
    outbox.note(
        state,
        kind="retraining",
        key=cause.key,
        text=text,
        evidence={"run_id": cause.run_id, "new_labels": new, "labels": state.labelled, "wanted": wanted},
    )
    return True


def tries(scene: Scene, runs: Sequence[Run]) -> int:
    """Runs that this champion's alarm has asked for; none led to a promotion, or it would be champion no more."""
    return sum(run.cause["kind"] == "accuracy" and run.cause["key"].startswith(f"{scene.reign}/") for run in runs)


def wait(least: int, tried: int) -> int:
    """New labelled rows that must have come before the next run.

    >>> [wait(250, tried) for tried in (0, 7, 8, 9, 10)]
    [250, 250, 500, 1000, 2000]
    """
    return int(least * 2 ** min(max(0, tried - PATIENCE + 1), 20))


def _labels_at(state: State, run: Run) -> int:
    """How many labelled rows there were when a run was asked for."""
    if run.cause["kind"] == "accuracy":
        return int(run.cause["key"].rpartition("/")[2])
    return labels.before(state, hour_of(datetime.fromisoformat(run.at)))
