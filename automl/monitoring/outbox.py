"""Decisions on their way: first written into the state, then carried out, each so that twice is as good as once.

A pass that dies in between leaves them in the state, and the next pass carries them out; a pass that lost the race
for the state has nothing to carry out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from automl import events
from automl.errors import Conflict, NotFound
from automl.monitoring.state import State
from automl.registry import Pointer, Registry
from automl.run import Cause
from automl.runs import Runs
from automl.telemetry import tracing


def note(state: State, *, kind: str, key: str, text: str, evidence: Mapping[str, Any]) -> None:
    """Decide to write an event that moves nothing; `key` tells it from every other of its kind."""
    state.outbox.append({"do": "note", "kind": kind, "text": text, "evidence": {"key": key, **evidence}})


def train(state: State, *, cause: Cause, data: Mapping[str, Any], labelled: Mapping[str, Any]) -> None:
    """Decide to ask for a run."""
    described = {"kind": cause.kind, "key": cause.key, "text": cause.text, "at": cause.at.isoformat()}
    state.outbox.append({"do": "train", "cause": described, "data": dict(data), "labelled": dict(labelled)})


def end(
    state: State, *, verdict: str, champion: str, challenger: str, text: str, evidence: Mapping[str, Any]
) -> None:
    """Decide to end a comparison: `promoted`, `kept` or `undecided`."""
    item = {"do": "end", "verdict": verdict, "champion": champion, "challenger": challenger}
    state.outbox.append({**item, "text": text, "evidence": dict(evidence)})


def roll_back(state: State, *, text: str, evidence: Mapping[str, Any]) -> None:
    """Decide to make the champion before champion again.

    Parameters
    ----------
    evidence
        Names the `champion`, `since` when it is, and the `version` that comes back, beside the numbers.
    """
    state.outbox.append({"do": "roll_back", "text": text, "evidence": dict(evidence)})


def recall(state: State, *, text: str, evidence: Mapping[str, Any]) -> None:
    """Decide to make an earlier version challenger again.

    Parameters
    ----------
    evidence
        Names the `champion`, `since` when it is, and the `version` that is called back, beside the numbers.
    """
    state.outbox.append({"do": "recall", "text": text, "evidence": dict(evidence)})


def carry_out(state: State, registry: Registry, runs: Runs, model: str) -> list[str]:
    """Do everything that is in the outbox, emptying it; what was done, as sentences."""
    done: list[str] = []
    while state.outbox:
        item = state.outbox[0]
        _DO[item["do"]](registry, runs, model, item)
        done.append(item["cause"]["text"] if item["do"] == "train" else item["text"])
        state.outbox.pop(0)
    return done


def written(registry: Registry, model: str, *, kind: str, key: str) -> Mapping[str, Any] | None:
    """The evidence of the event that `note` led to before, if it did."""
    for seen in events.history(registry.storage, model):
        if seen.kind == kind and seen.evidence.get("key") == key:
            return seen.evidence
    return None


def _note(registry: Registry, runs: Runs, model: str, item: Mapping[str, Any]) -> None:
    # Once: an earlier pass may have written it and died, another may be at it now, the state may have been rebuilt.
    events.write_once(
        registry.storage, registry.clock, model, kind=item["kind"], text=item["text"], evidence=item["evidence"]
    )


def _train(registry: Registry, runs: Runs, model: str, item: Mapping[str, Any]) -> None:
    described = item["cause"]
    moment = datetime.fromisoformat(described["at"])
    cause = Cause(kind=described["kind"], key=described["key"], text=described["text"], at=moment)
    runs.request(model, cause, item["data"], labelled=item["labelled"])


def _end(registry: Registry, runs: Runs, model: str, item: Mapping[str, Any]) -> None:
    """Move the pointer, unless the comparison this verdict is about has ended: then it has no meaning any more."""
    parties = item["champion"], item["challenger"]

    def settle() -> None:
        with tracing.within(
            item["verdict"], parent=_led_from(registry, runs, model, item["challenger"]), model=model
        ):
            _settle(registry, model, item)

    _while(lambda now: (now.champion, now.challenger) == parties, settle, registry, model, what="verdict")


def _roll_back(registry: Registry, runs: Runs, model: str, item: Mapping[str, Any]) -> None:
    """Move the pointer back, unless the champion that this is about has gone by other ways."""
    evidence = item["evidence"]
    reign = evidence["champion"], evidence["since"], evidence["version"]

    def roll_back() -> None:
        with tracing.within(
            "rolled-back", parent=_led_from(registry, runs, model, evidence["champion"]), model=model
        ):
            registry.rollback(model, item["text"], evidence, since=evidence["since"])

    _while(lambda now: (now.champion, now.since, now.previous) == reign, roll_back, registry, model, what="rollback")


def _recall(registry: Registry, runs: Runs, model: str, item: Mapping[str, Any]) -> None:
    """Make the version challenger, unless there is another by now, or another champion."""
    evidence = item["evidence"]
    reign = evidence["champion"], evidence["since"]
    _while(
        lambda now: not now.challenger and (now.champion, now.since) == reign,
        lambda: registry.recall(model, evidence["version"], item["text"], evidence),
        registry,
        model,
        what="recall",
    )


def _while(
    is_meant: Callable[[Pointer], bool], move: Callable[[], object], registry: Registry, model: str, *, what: str
) -> None:
    """Move the pointer while it is as a decision found it; otherwise the decision has no meaning any more.

    Raises
    ------
    Conflict
        It keeps moving: the next pass tries again.
    """
    for _ in range(2):
        if not is_meant(registry.pointer(model)):
            return
        try:
            move()
        except Conflict:
            continue  # it moved in between: look whether it still is
        return
    raise Conflict(f"The champion of model '{model}' keeps moving. The {what} waits for the next pass.")


def _settle(registry: Registry, model: str, item: Mapping[str, Any]) -> None:
    if item["verdict"] == "promoted":
        registry.promote(model, item["challenger"], item["text"], item["evidence"])
    else:
        registry.end_comparison(model, item["challenger"], item["verdict"], item["text"], item["evidence"])


def _led_from(registry: Registry, runs: Runs, model: str, version: str) -> str | None:
    """The `traceparent` of the run that made a version: what becomes of it belongs to the same trace."""
    try:
        return runs.get(model, registry.manifest(model, version)["run_id"]).traceparent
    except NotFound:
        return None  # a version that came from elsewhere, or a run that was cleared away


_DO = {"note": _note, "train": _train, "end": _end, "roll_back": _roll_back, "recall": _recall}
