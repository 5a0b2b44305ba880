"""Screens new truth before anything learns from it: what looks poisoned is held back until a person has looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson

from automl import quarantine
from automl.errors import Conflict
from automl.lake import cells
from automl.monitoring import suspicion
from automl.monitoring.arrivals import Tally
from automl.monitoring.holding import hold_hour, hold_named, hold_source
from automl.monitoring.ingest import News, Truth
from automl.monitoring.scene import Scene
from automl.monitoring.seen import milliseconds
from automl.monitoring.state import State
from automl.monitoring.truths import Truths
from automl.quarantine import HOUR_MS, Quarantine, entry_id

WINDOW_HOURS = 24 * 14
"""Hours before that an hour is held against."""

MOST_NAMES = 1000
"""Truths of an hour that are held by name at most; where more cannot be right, the whole hour is held."""


def screen(state: State, scene: Scene, news: News) -> News:
    """What is new without what is held back; more is held back where it has to be.

    Raises
    ------
    Conflict
        Truths have to be held back that an earlier pass has counted, or another pass was first: the next pass begins
        anew without them.
    """
    known = quarantine.load(scene.registry.storage, scene.model)
    truths = Truths.of(news.truths)
    if scene.spec.guard.on and not truths.waited.all():
        fresh = truths.among(~truths.waited)
        hours = milliseconds(fresh.table.column("received")) // HOUR_MS
        looking = _Look(state=state, scene=scene, plausible=_plausible(state, scene))
        for hour in np.unique(hours).tolist():
            known = looking.at(known, hour * HOUR_MS, fresh.among(hours == hour))
        oldest = entry_id((int(hours.max()) - WINDOW_HOURS) * HOUR_MS)
        state.arrivals = {hour: tally for hour, tally in state.arrivals.items() if hour >= oldest}
    state.quarantine = known.revision
    active = [entry for entry in known.entries if entry.status != "released"]
    if not active:
        return news
    counts = np.array([not any(entry.covers(truth) for entry in active) for truth in truths], np.bool_)
    state.count("held", len(truths) - int(counts.sum()))
    return replace(news, truths=truths.among(counts))


def _plausible(state: State, scene: Scene) -> tuple[float, float] | None:
    """From where to where the numbers of a regression can be; None for a classification."""
    champion = scene.pointer.champion
    if state.baselines[champion]["kind"] == "error":
        return None
    baseline = orjson.loads(scene.registry.file(scene.model, champion, "baseline.json"))
    return suspicion.plausible(baseline, scene.spec.guard)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A look at new truth, hour by hour, oldest first."""

    state: State
    scene: Scene
    plausible: tuple[float, float] | None

    def at(self, known: Quarantine, since_ms: int, truths: Truths) -> Quarantine:
        """Take the new truths of an hour into its tally, and hold back what has to be."""
        hour, arrivals = entry_id(since_ms), self.state.arrivals
        before = Tally(**arrivals[hour]) if hour in arrivals else Tally()
        tally = Tally.sum([before, Tally.of(truths, numeric=self.plausible is not None)])
        arrivals[hour] = tally.to_json()
        if known.of_hour(since_ms) is not None:
            return known
        history, released = self._before(known, since_ms)
        found_sources = suspicion.of_sources(since_ms, tally, history, released, self.scene.spec.guard)
        known = self._by_source(known, since_ms, before, found_sources)
        held = {name for entry in known.of_sources(since_ms) if entry.status != "released" for name in entry.sources}
        found = suspicion.of_hour(since_ms, tally.without(held), history, released, self.scene.spec.guard)
        beyond = [truth for truth in self._beyond(truths) if truth.get("source", "") not in held]
        if self.plausible and beyond:
            wrong = suspicion.of_values([truth["truth"] for truth in beyond], self.plausible)
            if found or len(beyond) > MOST_NAMES:
                found.append(wrong)
            else:
                return self._by_name(known, since_ms, beyond, wrong)
        if not found:
            return known
        known = hold_hour(self.scene, known, since_ms, found)
        if before.n:
            raise Conflict(self._anew(before.n))
        return known

    def _beyond(self, truths: Truths) -> list[Truth]:
        """Those that are no numbers that can be."""
        if self.plausible is None:
            return []
        low, high = self.plausible
        given = cells.numbers(truths.table.column("truth_number"))
        return truths.records(np.flatnonzero(~((low <= given) & (given <= high))))

    def _by_source(
        self, known: Quarantine, since_ms: int, before: Tally, found: Mapping[str, suspicion.Suspicion]
    ) -> Quarantine:
        """Hold back what single sources sent, unless that was decided before. Raises Conflict as `screen` does."""
        settled = {name for entry in known.of_sources(since_ms) for name in entry.sources}
        fresh = [source for source in found if source not in settled]
        for source in fresh:
            known = hold_source(self.scene, known, since_ms, source, found[source])
        if counted := sum(before.part(source).n for source in fresh):
            raise Conflict(self._anew(counted))
        return known

    def _anew(self, counted: int) -> str:
        text = "were counted by an earlier pass and are held back now, so the next pass begins anew."
        return f"{counted:,} truths of model '{self.scene.model}' {text}"

    def _by_name(
        self, known: Quarantine, since_ms: int, beyond: Sequence[Truth], wrong: suspicion.Suspicion
    ) -> Quarantine:
        new = [truth for truth in beyond if not any(entry.covers(truth) for entry in known.entries)]
        names = sorted({str(truth.get("id") or truth["key"]) for truth in new})
        return hold_named(self.scene, known, since_ms, wrong, names) if names else known

    def _before(self, known: Quarantine, since_ms: int) -> tuple[dict[int, Tally], list[Tally]]:
        """The hours before one whose truth counts, and those among them that a person has released."""
        history: dict[int, Tally] = {}
        released: list[Tally] = []
        for at in range(since_ms - WINDOW_HOURS * HOUR_MS, since_ms, HOUR_MS):
            if stored := self.state.arrivals.get(entry_id(at)):
                entry = known.of_hour(at)
                if entry is None or entry.status == "released":
                    of_some = known.of_sources(at)
                    held = {name for one in of_some if one.status != "released" for name in one.sources}
                    history[at] = Tally(**stored).without(held) if held else Tally(**stored)
                    is_released = any(one.status == "released" for one in [entry, *of_some] if one)
                    released += [history[at]] if is_released else []
        return history, released
