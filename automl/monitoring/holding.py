"""Holding truth back: first the event that says so, then the entry, so that nothing is held in secret."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from automl import events, quarantine
from automl.events import iso
from automl.monitoring.scene import Scene
from automl.monitoring.suspicion import Suspicion
from automl.quarantine import HOUR_MS, Entry, Quarantine, entry_id

_log = logging.getLogger(__name__)


def hold_hour(scene: Scene, known: Quarantine, since_ms: int, suspicions: Sequence[Suspicion]) -> Quarantine:
    """Hold back an hour; where the hour before is held for the same, as part of its entry. Raises Conflict."""
    reasons = tuple(one.reason for one in suspicions)
    last = known.of_hour(since_ms - HOUR_MS)
    if last is not None and last.status == "held" and last.reasons == reasons:
        longer = replace(last, until_ms=since_ms + HOUR_MS)
        entries = tuple(longer if entry is last else entry for entry in known.entries)
        return _save(scene, replace(known, entries=entries))
    name = entry_id(since_ms)
    text = f"What model {scene.model} received as truth from {name} (UTC) on is held back: "
    return _enter(scene, known, _entry(scene, name, text, since_ms, suspicions))


def hold_source(scene: Scene, known: Quarantine, since_ms: int, source: str, suspicion: Suspicion) -> Quarantine:
    """Hold back what one source sent in an hour; where it is held for the hour before, as part of that entry.

    Raises Conflict.
    """
    for last in known.of_sources(since_ms - HOUR_MS):
        if last.status == "held" and last.sources == (source,):
            longer = replace(last, until_ms=since_ms + HOUR_MS)
            entries = tuple(longer if entry is last else entry for entry in known.entries)
            return _save(scene, replace(known, entries=entries))
    digest = hashlib.sha256(f"source\n{source}".encode()).hexdigest()[:8]
    name = entry_id(since_ms)
    text = f"Of what model {scene.model} received as truth from {name} (UTC) on, one source's is held back: "
    entry = _entry(scene, f"{name}-{digest}", text, since_ms, [suspicion])
    return _enter(scene, known, replace(entry, sources=(source,)))


def hold_named(
    scene: Scene, known: Quarantine, since_ms: int, suspicion: Suspicion, names: Sequence[str]
) -> Quarantine:
    """Hold back some truths of an hour by their prediction ids or business keys. Raises Conflict."""
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]
    text = f"Of what model {scene.model} received as truth, {len(names):,} is held back: "
    entry = _entry(scene, f"{entry_id(since_ms)}-{digest}", text, since_ms, [suspicion])
    return _enter(scene, known, replace(entry, names=tuple(names)))


def _entry(scene: Scene, name: str, text: str, since_ms: int, suspicions: Sequence[Suspicion]) -> Entry:
    text += ", and ".join(one.text for one in suspicions)
    text += f". It counts nowhere until somebody looks: evergreen quarantine {scene.model} {name}."
    reasons = tuple(one.reason for one in suspicions)
    until_ms = since_ms + HOUR_MS
    return Entry(id=name, since_ms=since_ms, until_ms=until_ms, reasons=reasons, text=text, at=iso(scene.now))


def _enter(scene: Scene, known: Quarantine, entry: Entry) -> Quarantine:
    """Make an entry. Who dies after the event finds the same to say again, and it is said once."""
    evidence = {
        "key": entry.id,
        "reasons": list(entry.reasons),
        "since_ms": entry.since_ms,
        "named": len(entry.names),
    }
    storage, clock = scene.registry.storage, scene.registry.clock
    events.write_once(storage, clock, scene.model, kind="quarantine", text=entry.text, evidence=evidence)
    _log.warning("Truth of model %s is held back: %s", scene.model, entry.text)
    return _save(scene, replace(known, entries=(*known.entries, entry)))


def _save(scene: Scene, after: Quarantine) -> Quarantine:
    # Always another revision: a pass that had read the same truth without holding it must not have the last word.
    return quarantine.save(scene.registry.storage, scene.model, replace(after, revision=after.revision + 1))
