"""The judging of one challenger, from the plan fixed at its start to the last look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from automl.evaluation.sequential import LOOKS, Plan
from automl.events import iso
from automl.log.reader import hour_of
from automl.monitoring import contest as contests
from automl.monitoring import judge, labels, outbox, verdict
from automl.monitoring.contest import Incomparable
from automl.monitoring.scene import Scene
from automl.monitoring.state import State


def judge_challenger(state: State, scene: Scene) -> None:
    """Take the comparison of the challenger as far as the labelled rows allow; a verdict is decided.

    A model that has received truth is judged on labelled predictions that neither version was trained on. One that
    never has is judged once, on holdout rows that neither was trained on. A verdict for the challenger is the last:
    where the spec leaves promotions to a person, the comparison stays open for them and nothing is looked at again.
    """
    registry, model, pointer = scene.registry, scene.model, scene.pointer
    if pointer.challenger is None:
        state.comparison = None
        return
    parties = {"champion": pointer.champion, "challenger": pointer.challenger}
    running = state.comparison
    if running and any(running[role] != version for role, version in parties.items()):
        running = state.comparison = None
    if running and running.get("won"):
        if scene.spec.promotion.mode == "auto":  # it was not when the verdict fell
            verdict.promote(state, parties, **running["won"])
        return
    try:
        if state.labelled:
            _on_labels(state, scene, parties)
        else:
            contest = contests.open_contest(registry, model, **parties)
            verdict.on_holdout(state, scene, contest, judge.compare_on_holdout(registry, contest))
    except Incomparable as error:
        text = f"The comparison of challenger {pointer.challenger} with {pointer.champion} is undecided: {error}"
        outbox.end(state, verdict="undecided", text=text, evidence={"reason": str(error)}, **parties)


def _on_labels(state: State, scene: Scene, parties: dict[str, str]) -> None:
    contests.check_logged(scene, *parties.values())
    running = state.comparison = state.comparison or _begin(state, scene, parties)
    plan, done = Plan.from_json(running["plan"]), len(running["looks"])
    since = hour_of(datetime.fromtimestamp(running["since_ms"] / 1000, UTC))
    rows = labels.from_hour(state, since)  # at least as many as count, and known without reading a log
    if rows >= plan.rows_at(done + 1):
        contest = contests.open_contest(scene.registry, scene.model, **parties)
        found = judge.compare(contest, scene.registry.storage, plan, since_ms=running["since_ms"], done=done)
        running["looks"] += [made.to_json() for made in found.looks]
        running["rows"] = rows = found.rows
        if found.sample is not None and found.looks[-1].verdict != "continue":
            verdict.on_labels(state, scene, contest, found.looks[-1], found.sample)
            return
    _say_missing(running, plan, rows)


def _begin(state: State, scene: Scene, parties: dict[str, str]) -> dict[str, Any]:
    """Fix the plan, or find it again in the events when the state was lost."""
    promotion = scene.spec.promotion
    since_ms = judge.unseen_since(scene.registry, scene.model, list(parties.values()))
    key = f"{scene.reign}/{parties['challenger']}"
    came = scene.registry.challenged(scene.model)
    if came.kind == "recalled":  # chosen on the rows before, and perhaps not for the first time
        since_ms, key = max(since_ms, came.evidence["judged_from_ms"]), f"{key}/{came.seq}"
    if state.alarm:
        plan = Plan(rule="no_worse", rows=promotion.alarm_rows, margin=promotion.margin)
        aim = (
            f"with the champion's alarm on, it must be ahead and beyond doubt not {100 * plan.margin:g} points worse"
        )
    else:
        plan = Plan(rule="better", rows=promotion.rows)
        aim = "it must be better beyond doubt"
    if found := outbox.written(scene.registry, scene.model, kind="comparison", key=key):
        plan = Plan.from_json(found["plan"])
    looks = ", ".join(f"{plan.rows_at(number):,}" for number in range(1, LOOKS + 1))
    since = iso(datetime.fromtimestamp(since_ms / 1000, UTC))
    text = (
        f"Challenger {parties['challenger']} is compared with champion {parties['champion']} on the labelled "
        f"predictions from {since} on, at {looks} rows: {aim}."
    )
    evidence = {**parties, "plan": plan.to_json(), "since": since}
    outbox.note(state, kind="comparison", key=key, text=text, evidence=evidence)
    begun = {"plan": plan.to_json(), "since_ms": since_ms, "looks": [], "rows": 0, "missing": None, "text": text}
    return {**parties, **begun}


def _say_missing(running: dict[str, Any], plan: Plan, rows: int) -> None:
    number = len(running["looks"]) + 1
    running["rows"], running["missing"] = rows, max(0, plan.rows_at(number) - rows)
    running["text"] = (
        f"Undecided: look {number} of {LOOKS} at challenger {running['challenger']} takes {plan.rows_at(number):,} "
        f"labelled rows that neither model was trained on, and {running['missing']:,} are missing."
    )
