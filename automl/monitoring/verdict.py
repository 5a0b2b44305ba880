"""What follows from the verdict on a challenger: promoted, kept out, or recommended to a person."""

from __future__ import annotations

from typing import Any

from automl.evaluation.sequential import LOOKS, Look
from automl.monitoring import judge, outbox, vetoes
from automl.monitoring.contest import Contest, Sample
from automl.monitoring.scene import Scene
from automl.monitoring.state import State


def on_labels(state: State, scene: Scene, contest: Contest, last: Look, sample: Sample) -> None:
    """Act on the last look at labelled rows, those of the sample."""
    running = state.comparison
    assert running is not None  # noqa: S101  (there has been a look)
    plan, parties = running["plan"], contest.parties
    seen = (
        f"on {last.n:,} labelled rows that neither was trained on {measured(contest, last.difference)} "
        f"(z = {last.z:.2f}, needed {last.bound:.2f}, look {last.number} of {LOOKS})."
    )
    evidence = {**last.to_json(), "plan": plan, "looks": running["looks"], "since_ms": running["since_ms"]}
    if last.verdict == "promote":
        _win(state, scene, contest, sample, seen=seen, evidence=evidence)
        return
    short_of = "ahead" if plan["rule"] == "no_worse" else "better"
    text = (
        f"Champion {parties['champion']} stays, as challenger {parties['challenger']} was not shown to be "
        f"{short_of}: {seen}"
    )
    outbox.end(state, verdict="kept", text=text, evidence=evidence, **parties)


def on_holdout(state: State, scene: Scene, contest: Contest, sample: Sample) -> None:
    """Act on the one look at holdout rows."""
    found, parties = sample.difference(), contest.parties
    z = found.z()
    seen = (
        f"no truth has ever come, so both were put once to {found.n:,} holdout rows that neither was trained on, "
        f"where {measured(contest, found.mean)} (z = {z:.2f}, needed {judge.ONE_LOOK})."
    )
    evidence = {"n": found.n, "difference": found.mean, "z": z, "bound": judge.ONE_LOOK}
    if z >= judge.ONE_LOOK:
        _win(state, scene, contest, sample, seen=seen, evidence=evidence)
        return
    text = f"Challenger {parties['challenger']} does not replace champion {parties['champion']}: {seen}"
    outbox.end(state, verdict="kept", text=text, evidence=evidence, **parties)


def promote(state: State, parties: dict[str, str], *, seen: str, evidence: dict[str, Any]) -> None:
    """Decide that the challenger of a comparison becomes champion."""
    text = f"Challenger {parties['challenger']} replaces champion {parties['champion']}: {seen}"
    outbox.end(state, verdict="promoted", text=text, evidence=evidence, **parties)


def _win(
    state: State, scene: Scene, contest: Contest, sample: Sample, *, seen: str, evidence: dict[str, Any]
) -> None:
    """Act on a verdict for the challenger: promote it, or recommend it where that is a person's to do.

    A veto keeps it out all the same.
    """
    parties = contest.parties
    if found := vetoes.find(scene, contest, sample):
        reasons = "; ".join(veto.text for veto in found)
        text = (
            f"Champion {parties['champion']} stays, as challenger {parties['challenger']}, which has won overall, is "
            f"held back by a veto: {reasons}. Overall, {seen}"
        )
        against = {**evidence, "vetoes": [dict(veto.evidence) for veto in found]}
        outbox.end(state, verdict="kept", text=text, evidence=against, **parties)
        return
    if scene.spec.promotion.mode == "auto":
        promote(state, parties, seen=seen, evidence=evidence)
        return
    text = (
        f"Challenger {parties['challenger']} should replace champion {parties['champion']}, which waits for a person "
        f"(POST /models/{scene.model}/promote): {seen}"
    )
    key = f"{scene.reign}/{parties['challenger']}"
    outbox.note(state, kind="recommended", key=key, text=text, evidence={**parties, **evidence})
    won = {"seen": seen, "evidence": evidence}
    state.comparison = {**parties, **(state.comparison or {}), "missing": 0, "text": text, "won": won}


def measured(contest: Contest, difference: float) -> str:
    """How much better the challenger of a contest is, in words."""
    if contest.loss.kind == "error":
        return f"the challenger is {100 * difference:+.2f} points more accurate"
    return f"the challenger's mean clipped absolute error (0 to 1) is {-difference:+.4f} beside the champion's"
