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
from automl.run import Cause, Run

DAY = timedelta(days=1)


class Answer(NamedTuple):
    """Whether a run was asked for, that or why not as a sentence, and whether a table still waits for its run."""

    asked: bool
    text: str
    waits: bool = False


def ask(state: State, scene: Scene) -> Answer:
    """Decide to ask for a run, where something calls for one and nothing speaks against it."""
    runs = [run for run in scene.runs.find(scene.model) if run.reproduces is None]
    every = calls(state, scene, runs)
    _deny(state, scene, every)
    found = [call for call in every if call.denied is None]
    if not found:
        why = f"{every[0].denied}: {every[0].text}" if every else "nothing calls for one."
        return Answer(False, f"No run is asked for, as {why}")
    had = {(run.cause["kind"], run.cause["key"]) for run in runs}
    open_calls = [call for call in found if (call.kind, call.key) not in had]
    waits = any(call.table is not None for call in open_calls)
    if (held := brake(scene, runs)) is not None:
        return Answer(False, f"No run is asked for, as {held}: {found[0].text}", waits)
    if not open_calls:
        return Answer(False, f"No run is asked for, as what calls for one has had it: {found[0].text}")
    new = state.labelled - _labels_at(state, runs[0]) if runs else state.labelled
    due = [call for call in open_calls if call.heard_from is None or scene.now >= call.heard_from]
    heard = next((call for call in due if new >= call.wanted), None)
    if heard is None and not due:
        first = open_calls[0]
        return Answer(False, f"No run is asked for before {iso(first.heard_from or scene.now)}: {first.text}", waits)
    if heard is None:
        wanted = min(call.wanted for call in due)
        text = f"No run is asked for, as of {wanted:,} new labelled rows that it takes {new:,} have come"
        return Answer(False, f"{text}: {due[0].text}", waits)
    return Answer(True, _decide(state, scene, heard, new), waits and heard.table is None)


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
    needed = f" (at least {call.wanted:,} were needed)" if call.wanted else ""
    text = (
        f"Retraining was asked for, with {new:,} new labelled rows of {state.labelled:,} in all{needed}: {call.text}"
    )
    cause = Cause(kind=call.kind, key=call.key, text=text, at=scene.now)
    until = datetime.fromtimestamp((state.newest_ms + 1) / 1000, UTC)  # exactly the truths this decision has seen
    data = call.table or scene.registry.manifest(scene.model, scene.pointer.champion)["data"]
    outbox.train(
        state,
        cause=cause,
        data={name: data[name] for name in ("blob", "etag", "format", "sha256") if name in data},
        # labelled rows are added to the table
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


def _deny(state: State, scene: Scene, found: Sequence[Call]) -> None:
    """Tell of what is not heard at all, when it is seen for the first time."""
    for call in found:
        if call.denied is not None and state.tables != scene.tables:
            text = f"No run is asked for, as {call.denied}: {call.text}"
            outbox.note(state, kind="table-denied", key=call.key, text=text, evidence={"cause": call.kind})


def _labels_at(state: State, run: Run) -> int:
    """How many labelled rows there were when a run was asked for."""
    if run.cause["kind"] == "accuracy":
        return int(run.cause["key"].rpartition("/")[2])
    if run.labelled is not None:
        return int(run.labelled["count"])
    return labels.before(state, hour_of(datetime.fromisoformat(run.at)))
