"""Whether to ask for another run, where something calls for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from automl.events import iso
from automl.log.reader import hour_of
from automl.monitoring import budget, labels, outbox
from automl.monitoring.causes import Call, calls
from automl.monitoring.scene import Scene
from automl.monitoring.state import State
from automl.runs import Cause, Run

DAY = timedelta(days=1)


class Answer(NamedTuple):
    """Whether a run was asked for, and that or why not as a sentence."""

    asked: bool
    text: str


def ask(state: State, scene: Scene) -> Answer:
    """Decide to ask for a run, where something calls for one and nothing speaks against it."""
    runs = [run for run in scene.runs.find(scene.model) if run.reproduces is None]
    found = calls(state, scene, runs)
    if not found:
        return Answer(False, "No run is asked for, as nothing calls for one.")
    if (held := brake(scene, runs)) is not None:
        return Answer(False, f"No run is asked for, as {held}: {found[0].text}")
    had = {(run.cause["kind"], run.cause["key"]) for run in runs}
    open_calls = [call for call in found if (call.kind, call.key) not in had]
    if not open_calls:
        return Answer(False, f"No run is asked for, as what calls for one has had it: {found[0].text}")
    new = state.labelled - _labels_at(state, runs[0]) if runs else state.labelled
    heard = next((call for call in open_calls if new >= call.wanted), None)
    if heard is None:
        wanted = min(call.wanted for call in open_calls)
        text = f"No run is asked for, as of {wanted:,} new labelled rows that it takes {new:,} have come"
        return Answer(False, f"{text}: {open_calls[0].text}")
    return Answer(True, _decide(state, scene, heard, new))


def brake(scene: Scene, runs: Sequence[Run]) -> str | None:
    """What holds back any run, whatever calls for it; None when nothing does.

    Parameters
    ----------
    runs
        All of the model, newest first. Those that people asked for are waited for, but do not count for the limits.
    """
    rules = scene.spec.retrain
    if scene.pointer.challenger:
        return f"challenger {scene.pointer.challenger} is being judged"
    if opened := [run.id for run in runs if run.is_open]:
        return f"run {opened[0]} is open"
    bound = [run for run in runs if run.cause["kind"] != "request"]
    own = [datetime.fromisoformat(run.at) for run in bound]
    if own and scene.now < (until := own[0] + timedelta(hours=rules.cooldown_hours)):
        return f"the last one was at {iso(own[0])}, and the next may not be before {iso(until)}"
    if len(own) >= rules.most_per_day and scene.now < (until := own[rules.most_per_day - 1] + DAY):
        return f"there were {rules.most_per_day:,} within 24 hours, and the next may not be before {iso(until)}"
    return budget.spent(scene, bound)


def _decide(state: State, scene: Scene, call: Call, new: int) -> str:
    """Put the run and its event into the outbox; the decision as a sentence."""
    text = (
        f"Retraining was asked for, with {new:,} new labelled rows of {state.labelled:,} in all "
        f"(at least {call.wanted:,} were needed): {call.text}"
    )
    cause = Cause(kind=call.kind, key=call.key, text=text, at=scene.now)
    until = datetime.fromtimestamp((state.newest_ms + 1) / 1000, UTC)  # exactly the truths this decision has seen
    data = scene.registry.manifest(scene.model, scene.pointer.champion)[
        "data"
    ]  # labelled rows are added to its table
    outbox.train(
        state,
        cause=cause,
        data={name: data[name] for name in ("blob", "etag", "format", "sha256") if name in data},
        labelled={"until": iso(until), "since": None, "count": state.labelled},
    )
    outbox.note(
        state,
        kind="retraining",
        key=cause.key,
        text=text,
        evidence={
            "cause": cause.kind,
            "run_id": cause.run_id,
            "new_labels": new,
            "labels": state.labelled,
            "wanted": call.wanted,
        },
    )
    return text


def _labels_at(state: State, run: Run) -> int:
    """How many labelled rows there were when a run was asked for."""
    if run.cause["kind"] == "accuracy":
        return int(run.cause["key"].rpartition("/")[2])
    if run.labelled is not None:
        return int(run.labelled["count"])
    return labels.before(state, hour_of(datetime.fromisoformat(run.at)))
