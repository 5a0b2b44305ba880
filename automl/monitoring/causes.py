"""What may call for another run: one function a cause.

The key of a cause follows from what is stored, so that whoever finds it, and however often, finds the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from automl.events import iso
from automl.monitoring import drift, tables
from automl.monitoring.scene import Scene
from automl.monitoring.state import State
from automl.run import CauseKind, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Something that calls for a run.

    Parameters
    ----------
    key
        What makes two calls of a kind the same.
    text
        What was found, as a sentence.
    wanted
        New labelled rows that must have come before it is heard: one at least where there is nothing else to learn
        from.
    heard_from
        Before this moment it is not heard; none: at once.
    table
        What to train on instead of the champion's table, as a run names it.
    denied
        Why it is not heard at all.
    """

    kind: CauseKind
    key: str
    text: str
    wanted: int
    heard_from: datetime | None = None
    table: Mapping[str, Any] | None = None
    denied: str | None = None


def calls(state: State, scene: Scene, runs: Sequence[Run]) -> list[Call]:
    """All that calls for a run now, most urgent first.

    Parameters
    ----------
    runs
        All of the model, newest first.
    """
    found = (
        arrived(scene, runs),
        changed(scene),
        fallen(state, scene, runs),
        drifted(state, scene),
        due(scene, runs),
    )
    return [call for call in found if call is not None]


def arrived(scene: Scene, runs: Sequence[Run]) -> Call | None:
    """A table has come that no run was asked for on; the same bytes are a cause once."""
    table = tables.newest(scene, runs)
    if table is None:
        return None
    call = Call(
        kind="new_data", key=table.key, text=table.text, wanted=0, heard_from=table.heard_from, table=table.data
    )
    if table.columns is None:
        return call
    signature = scene.references.signature(scene.pointer.champion)
    known = {*signature.ignored, *(feature.name for feature in signature.features), signature.target}
    more, fewer = sorted({*table.columns} - known), sorted(known - {*table.columns})
    if not more and not fewer:
        return call
    told = [f"{word} {', '.join(names[:10])}" for word, names in (("new", more), ("without", fewer)) if names]
    denied = None if scene.spec.retrain.on_schema_change else "retrain.on_schema_change is off"
    text = f"{table.text} It has other columns than champion {scene.pointer.champion}: {'; '.join(told)}."
    return replace(call, kind="schema_change", text=text, denied=denied)


def changed(scene: Scene) -> Call | None:
    """The spec has other columns than the champion was trained by; a cause once in the reign of a champion.

    Another target is none: it makes another model, whose answers no truth of this one can be compared with.
    """
    if not scene.spec.retrain.on_schema_change:
        return None
    now = scene.spec.to_json()["columns"]
    then = scene.registry.manifest(scene.model, scene.pointer.champion)["spec"].get("columns", {})
    other = [name for name in ("drop", "key", "time", "types") if now[name] != then.get(name, now[name])]
    if not other:
        return None
    digest = hashlib.sha256(orjson.dumps([now[name] for name in other], option=orjson.OPT_SORT_KEYS)).hexdigest()
    named = ", ".join(f"columns.{name}" for name in other)
    text = f"The spec has changed {named} since champion {scene.pointer.champion} was trained."
    return Call(kind="schema_change", key=f"{scene.reign}/{digest[:16]}", text=text, wanted=0)


def fallen(state: State, scene: Scene, runs: Sequence[Run]) -> Call | None:
    """The accuracy of the champion has fallen; each number of labelled rows is a cause of its own."""
    rules = scene.spec.retrain
    if not rules.on_alarm or not state.alarm:
        return None
    wanted = wait(rules.min_new_labels, tries(state, runs, rules.backoff_rows))
    return Call(kind="accuracy", key=f"{scene.reign}/{state.labelled}", text=str(state.alarm["text"]), wanted=wanted)


def drifted(state: State, scene: Scene) -> Call | None:
    """The data has drifted; a cause from its beginning to its end."""
    rules = scene.spec.retrain
    if not rules.on_drift or (key := drift.key_of(state)) is None:
        return None
    text = f"The data that champion {scene.pointer.champion} answers has drifted from what it was trained on."
    return Call(kind="drift", key=key, text=text, wanted=wait(rules.min_new_labels, 0))


def due(scene: Scene, runs: Sequence[Run]) -> Call | None:
    """The newest run, or else the champion, is as old as the spec allows; a cause until the next run."""
    rules, pointer = scene.spec.retrain, scene.pointer
    if rules.every_days is None:
        return None
    newest, since = (f"run {runs[0].id}", runs[0].at) if runs else (f"champion {scene.reign}", pointer.since)
    at = datetime.fromisoformat(since) + timedelta(days=rules.every_days)
    if scene.now < at:
        return None
    text = f"The schedule of a run every {rules.every_days:,} days was due at {iso(at)}, counted from {newest}."
    return Call(kind="schedule", key=newest, text=text, wanted=wait(rules.min_new_labels, 0))


def tries(state: State, runs: Sequence[Run], memory: int) -> int:
    """Runs that a fallen accuracy, whoever was champion, has asked for within the newest `memory` labelled rows.

    Each of them doubles the wait for the next. The first ones follow each other as fast as labels come: after a
    sudden change, twice as many rows of the new world make a better model. A world that never rests must not cost a
    search every `min_new_labels` labels for ever.
    """
    asked_at = [int(run.cause["key"].rpartition("/")[2]) for run in runs if run.cause["kind"] == "accuracy"]
    return sum(labels > state.labelled - memory for labels in asked_at)


def wait(least: int, tried: int) -> int:
    """New labelled rows that must have come before the next run.

    >>> [wait(250, tried) for tried in (0, 1, 2, 5)]
    [250, 500, 1000, 8000]
    """
    return int(max(1, least) * 2 ** min(tried, 20))
