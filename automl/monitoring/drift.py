"""Whether the data that a champion answers is still what it was trained on; advisory, unless the spec says otherwise.

Drift is no proof that accuracy has fallen. It begins when the columns that have drifted carry a fifth of what the
model knows, or when its own answers have drifted; it ends when they are down to half of that. Beginning and end are
events, nothing in between is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automl import events
from automl.events import iso
from automl.monitoring import drift_schema, histograms, outbox
from automl.monitoring.drift_measure import CALM, Shift, measure, share, weighted_psi
from automl.monitoring.drift_quality import Oddity, oddities
from automl.monitoring.drift_reference import Reference
from automl.monitoring.histograms import Window
from automl.monitoring.scene import Scene
from automl.monitoring.state import State

WINDOW_HOURS = 24
"""Newest hours that are compared with the baseline: a whole day, as most data has its own."""

WINDOW_ROWS = 1000
"""Rows that are compared at least, however many hours back they are."""

SHARE = 0.2
"""Share of importance from which the columns that have drifted count as drift of the whole."""

NAMED = 5
"""Most columns that a sentence names."""


def is_on(state: State) -> bool:
    """Whether drift was on for the present champion at the last look."""
    return bool(state.drift and state.drift["on"])


def key_of(state: State) -> str | None:
    """What tells the drift that is on from every other: the key of the event of its beginning; None while none is."""
    return state.drift["key"] if state.drift and state.drift["on"] else None


def watch(state: State, scene: Scene) -> dict[str, Any]:
    """Compare the champion's newest rows with its baseline, and note when drift or an oddity begins or ends.

    Returns
    -------
    What people are told: `text`, `on`, the window, and a list of shifts, largest first.
    """
    champion = scene.pointer.champion
    reference = scene.references.of(champion)
    window = histograms.newest(state, champion, hours=WINDOW_HOURS, rows=WINDOW_ROWS)
    if state.drift is None or state.drift["reign"] != scene.reign:
        state.drift = _remembered(scene)
    if reference is None:
        return {"on": False, "text": f"Version {champion} has no baseline of its columns: drift cannot be told."}
    if window is None:
        return {"on": False, "text": f"No prediction of champion {champion} has been counted yet."}
    known = state.drift
    redacted = scene.spec.monitor.redact
    shifts = measure(reference, window.tally, known["columns"], redacted)
    features, answers = shifts[: len(reference.features)], shifts[len(reference.features) :]
    odd = oddities(reference, window.tally, [(column, kind) for column, kind in known["oddities"]])
    odd = [one for one in odd if one.column not in redacted]
    carried = share(features)
    is_now_on = carried >= SHARE * (CALM if known["on"] else 1) or any(one.verdict == "drifted" for one in answers)
    text = _sentence(champion, shifts, window, carried, on=is_now_on) + _unwatched(shifts)
    key = f"{scene.reign}/{window.last}"
    begun = known if known["on"] else {"since": iso(scene.now), "key": key}
    if is_now_on != known["on"]:
        _note(state, scene, window, kind="drift" if is_now_on else "drift-ended", key=key, text=text, shifts=shifts)
    _note_oddities(state, scene, window, odd)
    state.drift = {
        "reign": scene.reign,
        "on": is_now_on,
        "since": begun["since"] if is_now_on else None,
        "key": begun["key"] if is_now_on else None,
        "columns": _drifted(shifts),
        "oddities": [list(one.key) for one in odd],
    }
    return _report(reference, scene, window, shifts, odd) | {"on": is_now_on, "text": text, "share": carried}


def _remembered(scene: Scene) -> dict[str, Any]:
    """What was known of this reign before the state was lost; at its beginning, nothing."""
    memory: dict[str, Any] = {"reign": scene.reign, "on": False, "columns": [], "oddities": []}
    memory |= {"since": None, "key": None}
    for event in events.history(scene.registry.storage, scene.model):
        if event.evidence.get("reign") != scene.reign:
            continue
        if event.kind in ("drift", "drift-ended"):
            on = event.kind == "drift"
            memory |= {"on": on, "columns": event.evidence["columns"]}
            memory |= {"since": iso(event.at), "key": event.evidence["key"]} if on else {"since": None, "key": None}
        if event.kind == "data-quality":
            memory["oddities"] = event.evidence["oddities"]
    return memory


def _note(
    state: State, scene: Scene, window: Window, *, kind: str, key: str, text: str, shifts: Sequence[Shift]
) -> None:
    evidence = {
        "reign": scene.reign,
        "columns": _drifted(shifts),
        "window": _span(window),
        "shifts": [shift.to_json() for shift in shifts if shift.verdict == "drifted"],
    }
    outbox.note(state, kind=kind, key=key, text=text, evidence=evidence)


def _note_oddities(state: State, scene: Scene, window: Window, odd: Sequence[Oddity]) -> None:
    """An event when there are oddities that there were not; one that has gone is only shown no more."""
    assert state.drift is not None  # noqa: S101  (`watch` sets it)
    before = {tuple(key) for key in state.drift["oddities"]}
    fresh = [one for one in odd if one.key not in before]
    if fresh:
        text = f"The data that champion {scene.pointer.champion} answers is odd: " + " ".join(
            one.text for one in fresh
        )
        evidence = {
            "reign": scene.reign,
            "oddities": [list(one.key) for one in odd],
            "window": _span(window),
            "found": [one.to_json() for one in fresh],
        }
        key = f"{scene.reign}/{window.last}/" + ",".join(sorted(f"{name}:{kind}" for name, kind in map(_key, fresh)))
        outbox.note(state, kind="data-quality", key=key, text=text, evidence=evidence)


def _key(oddity: Oddity) -> tuple[str, str]:
    return oddity.key


def _report(
    reference: Reference, scene: Scene, window: Window, shifts: Sequence[Shift], odd: Sequence[Oddity]
) -> dict[str, Any]:
    features, answers = shifts[: len(reference.features)], shifts[len(reference.features) :]
    before = scene.references.of(scene.pointer.previous) if scene.pointer.previous else None
    return {
        "version": reference.version,
        "window": _span(window),
        "reference_rows": reference.rows,
        "weighted_psi": weighted_psi(features),
        "features": [shift.to_json() for shift in sorted(features, key=lambda one: -(one.psi or 0.0))],
        "answers": [shift.to_json() for shift in answers],
        "oddities": [one.to_json() for one in odd],
        "schema": drift_schema.changes(before.signature, reference.signature) if before else None,
    }


def _span(window: Window) -> dict[str, Any]:
    return {"first": window.first, "last": window.last, "rows": window.tally.rows}


def _drifted(shifts: Sequence[Shift]) -> list[str]:
    return [shift.column for shift in shifts if shift.verdict == "drifted"]


def _unwatched(shifts: Sequence[Shift]) -> str:
    names = [shift.column for shift in shifts if shift.verdict == "not watched"]
    return f" Not watched, since monitor.redact keeps them out of the log: {', '.join(names)}." if names else ""


def _sentence(champion: str, shifts: Sequence[Shift], window: Window, carried: float, *, on: bool) -> str:
    rows = f"{window.tally.rows:,} predictions from {window.first} to {window.last} (UTC)"
    moved = sorted((shift for shift in shifts if shift.verdict == "drifted"), key=lambda one: -(one.psi or 0.0))
    named = ", ".join(f"{shift.column} (PSI {shift.psi:.2f})" for shift in moved[:NAMED])
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    if on:
        return (
            f"The data that champion {champion} answers has drifted from what it was trained on: in the {rows}, "
            f"{named}{more} moved, which carry {100 * carried:.0f}% of what it knows. Its accuracy may be as it was."
        )
    if moved:
        return (
            f"In the {rows}, {named}{more} moved; champion {champion} owes {100 * carried:.0f}% of what it knows to "
            f"them, too little to call it drift."
        )
    if all(shift.verdict != "stable" for shift in shifts):
        return f"Too little to judge: there are {rows} of champion {champion}."
    return f"The {rows} of champion {champion} look like what it was trained on."
