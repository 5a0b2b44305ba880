"""The judging of one challenger, from the plan fixed at its start to the verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from automl.evaluation.paired import Difference
from automl.evaluation.sequential import LOOKS, Look, Plan
from automl.events import iso
from automl.log.reader import hour_of
from automl.monitoring import judge, labels, outbox
from automl.monitoring.judge import Contest, Incomparable
from automl.monitoring.scene import Scene
from automl.monitoring.state import State


def judge_challenger(state: State, scene: Scene) -> None:
    """Take the comparison of the challenger as far as the labelled rows allow; a verdict is decided.

    A model that has received truth is judged on labelled predictions that neither version was trained on. One that
    never has is judged once, on holdout rows that neither was trained on.
    """
    registry, model, pointer = scene.registry, scene.model, scene.pointer
    if pointer.challenger is None:
        state.comparison = None
        return
    parties = {"champion": pointer.champion, "challenger": pointer.challenger}
    try:
        if state.labelled:
            _on_labels(state, scene, parties)
        else:
            contest = judge.open_contest(registry, model, **parties)
            _settle_on_holdout(state, contest, judge.compare_on_holdout(registry, contest))
    except Incomparable as error:
        text = f"The comparison of challenger {pointer.challenger} with {pointer.champion} is undecided: {error}"
        outbox.end(state, verdict="undecided", text=text, evidence={"reason": str(error)}, **parties)


def _on_labels(state: State, scene: Scene, parties: dict[str, str]) -> None:
    running = state.comparison
    if running is None or any(running[role] != version for role, version in parties.items()):
        running = state.comparison = _begin(state, scene, parties)
    plan, done = Plan.from_json(running["plan"]), len(running["looks"])
    since = hour_of(datetime.fromtimestamp(running["since_ms"] / 1000, UTC))
    rows = labels.from_hour(state, since)  # at least as many as count, and known without reading a log
    if rows >= plan.rows_at(done + 1):
        contest = judge.open_contest(scene.registry, scene.model, **parties)
        looks, rows = judge.compare(contest, scene.registry.storage, plan, since_ms=running["since_ms"], done=done)
        running["looks"] += [made.to_json() for made in looks]
        running["rows"] = rows
        if looks and looks[-1].verdict != "continue":
            _settle(state, contest, looks[-1], running)
            return
    _say_missing(running, plan, rows)


def _begin(state: State, scene: Scene, parties: dict[str, str]) -> dict[str, Any]:
    """Fix the plan, or find it again in the events when the state was lost."""
    promotion = scene.spec.promotion
    since_ms = judge.unseen_since(scene.registry, scene.model, list(parties.values()))
    if state.alarm:
        plan = Plan(rule="no_worse", rows=promotion.alarm_rows, margin=promotion.margin)
        aim = (
            f"with the champion's alarm on, it must be ahead and beyond doubt not {100 * plan.margin:g} points worse"
        )
    else:
        plan = Plan(rule="better", rows=promotion.rows)
        aim = "it must be better beyond doubt"
    key = f"{scene.reign}/{parties['challenger']}"
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


def _settle(state: State, contest: Contest, last: Look, running: dict[str, Any]) -> None:
    plan = running["plan"]
    promoted = last.verdict == "promote"
    seen = f"on {last.n:,} labelled rows that neither was trained on {_measured(contest, last.difference)}"
    test = f"z = {last.z:.2f}, needed {last.bound:.2f}, look {last.number} of {LOOKS}"
    outcome = f"Challenger {contest.challenger.version} replaces champion {contest.champion.version}"
    if not promoted:
        short_of = "ahead" if plan["rule"] == "no_worse" else "better"
        outcome = (
            f"Champion {contest.champion.version} stays, as challenger {contest.challenger.version} was not shown "
        )
        outcome += f"to be {short_of}"
    evidence = {**last.to_json(), "plan": plan, "looks": running["looks"], "since_ms": running["since_ms"]}
    text = f"{outcome}: {seen} ({test})."
    outbox.end(state, verdict="promoted" if promoted else "kept", text=text, evidence=evidence, **contest.parties)


def _settle_on_holdout(state: State, contest: Contest, seen: Difference) -> None:
    z = seen.z()
    promoted = z >= judge.ONE_LOOK
    outcome = "replaces" if promoted else "does not replace"
    text = (
        f"Challenger {contest.challenger.version} {outcome} champion {contest.champion.version}: no truth has ever "
        f"come, so both were put once to {seen.n:,} holdout rows that neither was trained on, where "
        f"{_measured(contest, seen.mean)} (z = {z:.2f}, needed {judge.ONE_LOOK})."
    )
    evidence = {"n": seen.n, "difference": seen.mean, "z": z, "bound": judge.ONE_LOOK}
    outbox.end(state, verdict="promoted" if promoted else "kept", text=text, evidence=evidence, **contest.parties)


def _measured(contest: Contest, difference: float) -> str:
    if contest.loss.kind == "error":
        return f"the challenger is {100 * difference:+.2f} points more accurate"
    return f"the challenger's mean clipped absolute error (0 to 1) is {-difference:+.4f} beside the champion's"


def _say_missing(running: dict[str, Any], plan: Plan, rows: int) -> None:
    number = len(running["looks"]) + 1
    running["rows"], running["missing"] = rows, max(0, plan.rows_at(number) - rows)
    running["text"] = (
        f"Undecided: look {number} of {LOOKS} at challenger {running['challenger']} takes {plan.rows_at(number):,} "
        f"labelled rows that neither model was trained on, and {running['missing']:,} are missing."
    )
