"""An earlier version called back: a look at what is there already, before a search for something new.

The world turns back, too: a season returns, a sensor is mended, a promotion was a mistake. So while the champion's
accuracy has fallen, the versions there are answer the newest labelled rows, and the best becomes challenger where it
beats the champion there by more than chance allows. It is then judged like any other, on rows newer than all that it
was chosen on, so that being the best of many gives it no advantage.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from automl.errors import EvergreenError, Unavailable
from automl.evaluation.paired import Difference
from automl.events import iso
from automl.lake.labelled import Labelled, labelled_rows
from automl.monitoring import contest as contests
from automl.monitoring import judge, labels, outbox, verdict
from automl.monitoring.contest import Contest
from automl.monitoring.scene import Scene
from automl.monitoring.state import State

ROWS = 500
"""Newest labelled rows that versions are looked at on."""

FEWEST = 100
"""Rows that neither version was trained on, under which an earlier one is passed over."""

MOST = 16
"""Newest versions that are looked at: each is loaded, which takes time and memory."""


class _Best(NamedTuple):
    contest: Contest
    difference: Difference
    looked_at: int


def ask(state: State, scene: Scene) -> str | None:
    """Decide to call an earlier version back, where one did better than the fallen champion; that as a sentence.

    A look is due when the alarm begins, and once for each `min_new_labels` labelled rows while it is on.
    """
    before, state.looked = state.looked, _place(state, scene)
    if not scene.spec.retrain.recall or not state.looked or state.looked == before:
        return None
    if state.shadow and state.shadow["state"] == "proved":
        return None  # the champion before is proved better, and a person is asked to roll back to it
    if scene.pointer.challenger or any(run.is_open for run in scene.runs.find(scene.model)):
        return None
    rows = _newest(state, scene)
    if not len(rows) or (best := _best(scene, rows)) is None:
        return None
    return _decide(state, scene, best, since_ms=int(rows.at_ms[-1]) + 1)


def _place(state: State, scene: Scene) -> str:
    """What tells one look from the next; nothing while the alarm is off."""
    if not state.alarm:
        return ""
    return f"{state.alarm['key']}/{state.labelled // max(1, scene.spec.retrain.min_new_labels)}"


def _newest(state: State, scene: Scene) -> Labelled:
    """Labelled rows from the hour on in which the newest `ROWS` of them begin, in the order of their time."""
    hour = labels.hour_of_newest(state, ROWS)
    since = datetime.strptime(f"{hour}+0000", "%Y-%m-%d/%H%z") if hour else scene.now
    return labelled_rows(scene.registry.storage, scene.model, since_ms=round(since.timestamp() * 1000))


def _best(scene: Scene, rows: Labelled) -> _Best | None:
    """The version that beats the champion by most, if any does beyond chance."""
    out = {scene.pointer.champion}
    if scene.registry.crowned(scene.model).kind == "rolled-back":
        out.add(str(scene.pointer.previous))  # it was proved worse than this champion, or a person has judged it
    others = [version for version in scene.registry.versions(scene.model) if version not in out]
    found: list[tuple[Contest, Difference]] = []
    for version in others[:MOST]:
        try:
            contests.check_logged(scene, version)
            if (compared := _compare(scene, rows, version)) is not None:
                found.append(compared)
        except Unavailable:
            raise
        except EvergreenError:  # it answers another question, reads other columns, or is broken: it is passed over
            continue
    better = [(contest, difference) for contest, difference in found if difference.z() >= judge.ONE_LOOK]
    if not better:
        return None
    contest, difference = max(better, key=lambda pair: pair[1].mean)
    return _Best(contest, difference, len(found))


def _compare(scene: Scene, rows: Labelled, version: str) -> tuple[Contest, Difference] | None:
    """Champion and version on the newest rows that neither was trained on; None where those are too few."""
    champion = scene.pointer.champion
    since_ms = judge.unseen_since(scene.registry, scene.model, [champion, version])
    contest = contests.open_contest(scene.registry, scene.model, champion, version)
    own = [
        place for place, record in enumerate(rows.features) if rows.at_ms[place] >= since_ms and contest.reads(record)
    ][-ROWS:]
    if len(own) < FEWEST:
        return None
    sample = contest.sample([rows.features[place] for place in own], [rows.truths[place] for place in own])
    return contest, sample.difference()


def _decide(state: State, scene: Scene, best: _Best, *, since_ms: int) -> str:
    """Put the recall into the outbox."""
    pointer, seen, version = scene.pointer, best.difference, best.contest.challenger.version
    since = iso(datetime.fromtimestamp(since_ms / 1000, UTC))
    text = (
        f"Version {version} is called back as challenger of {pointer.champion}, whose accuracy has fallen: on "
        f"{seen.n:,} of the newest labelled rows {verdict.measured(best.contest, seen.mean)} (z = {seen.z():.2f}), "
        f"the best of {best.looked_at:,} versions looked at. It is judged on the rows from {since} on."
    )
    evidence = {
        "champion": pointer.champion,
        "since": pointer.since,
        "version": version,
        "n": seen.n,
        "difference": seen.mean,
        "z": seen.z(),
        "looked_at": best.looked_at,
        "labels": state.labelled,
        "judged_from_ms": since_ms,
    }
    outbox.recall(state, text=text, evidence=evidence)
    return text
