"""The champion before, in shadow: after a promotion it answers the same rows, and comes back if it was better.

A promotion is right most of the time, not always, and the world may turn back. So the old champion scores the rows
that the new one answered, as their first truth comes, and the evidence that the new one is worse is gathered by bets
that may be looked at after every row (`evaluation.betting`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.evaluation.betting import Floats, Wealth, bet
from automl.lake import lookup
from automl.monitoring import contest as contests
from automl.monitoring import outbox
from automl.monitoring.contest import Incomparable
from automl.monitoring.join import Pairs
from automl.monitoring.labels import Labels
from automl.monitoring.scene import Scene
from automl.monitoring.state import State

ALPHA = 0.01
"""Chance that a new champion which is not worse is ever rolled back."""


def follow(state: State, scene: Scene, fresh: Labels | None, pairs: Pairs) -> None:
    """Let the shadow answer what was labelled for the first time, and keep the proof once there is one.

    Parameters
    ----------
    fresh
        Labels of the champion whose ids had no truth before, in the order of their receipt; None for no labels.
    pairs
        Truths with their predictions, those of `fresh` among them.
    """
    if state.shadow is None or _reign(state.shadow) != scene.reign:
        state.shadow = _begin(scene)
    shadow = state.shadow
    if shadow is not None and shadow["state"] == "on":
        _take(state, scene, shadow, fresh, pairs)


def come_back(state: State, scene: Scene) -> bool:
    """Decide a rollback where the shadow is proved better; whether one was decided.

    Where the spec leaves it to a person, it was recommended to them when the proof was found.
    """
    shadow = state.shadow
    if shadow is None or shadow["state"] != "proved" or scene.spec.promotion.mode != "auto":
        return False
    text = f"Champion {shadow['champion']} is rolled back to {shadow['version']}, which {shadow['seen']}"
    shadow["text"] = text
    outbox.roll_back(state, text=text, evidence=shadow["evidence"])
    return True


def _begin(scene: Scene) -> dict[str, Any] | None:
    """The shadow of the present champion; None where there was no champion before."""
    pointer = scene.pointer
    if pointer.previous is None:
        return None
    shadow = {
        "version": pointer.previous,
        "champion": pointer.champion,
        "since": pointer.since,
        "state": "on",
        "wealth": Wealth().to_json(),
        "text": f"{pointer.previous} answers in shadow what champion {pointer.champion} is asked from now on.",
    }
    if scene.registry.crowned(scene.model).kind != "promoted":
        text = f"Champion {pointer.champion} came back by a rollback, so {pointer.previous} stays out of it."
        return shadow | {"state": "none", "text": text}
    if not scene.spec.promotion.shadow_rows:
        text = f"{pointer.previous} does not answer in shadow, as promotion.shadow_rows is 0."
        return shadow | {"state": "none", "text": text}
    return shadow


def _take(
    state: State,
    scene: Scene,
    shadow: dict[str, Any],
    fresh: Labels | None,
    pairs: Pairs,
) -> None:
    """Bet on the new rows, as far as the shadow goes."""
    before, most = Wealth.from_json(shadow["wealth"]), scene.spec.promotion.shadow_rows
    begun = datetime.fromisoformat(shadow["since"]).timestamp() * 1000
    own = None if fresh is None else fresh.ids[fresh.predicted_at >= begun][: max(0, most - before.n)]
    if own is not None and len(own):
        try:
            kind, differences = _differences(scene, shadow, own, pairs)
        except Incomparable as error:
            _end(state, scene, shadow, f"it cannot be compared with the champion. {error}")
            return
        after, reached = bet(before, differences, ALPHA)
        shadow["wealth"] = after.to_json()
        if reached is not None:
            proof, _ = bet(before, differences[: reached - before.n], ALPHA)
            shadow["wealth"] = proof.to_json()  # what came with it, and later, adds nothing
            _prove(state, scene, shadow, proof, kind)
            return
        before = after
    if before.n >= most:
        _end(state, scene, shadow, f"champion {shadow['champion']} was not shown to be worse. {_so_far(before)}")
    else:
        told = f"{shadow['version']} answers in shadow what champion {shadow['champion']} is asked"
        shadow["text"] = f"{told}, until {most:,} labelled rows have come. {_so_far(before)}"


def _differences(
    scene: Scene, shadow: dict[str, Any], ids: npt.NDArray[np.uint64], pairs: Pairs
) -> tuple[str, Floats]:
    """Kind of the loss, and the champion's minus the shadow's on the rows of some ids, as far as both read them.

    Parameters
    ----------
    ids
        The last 8 bytes of each.
    """
    own, told = pairs.of(ids)
    truths = dict(zip(own, told, strict=True))
    contests.check_logged(scene, shadow["champion"], shadow["version"])
    contest = contests.open_contest(scene.registry, scene.model, shadow["champion"], shadow["version"])
    logged: dict[str, Any] = {}
    for record in lookup.predictions(scene.registry.storage, scene.model, scene.mark, by_id=own):
        logged.setdefault(record["id"], record["features"])
    usable = [one for one in own if one in logged and contest.reads(logged[one])]
    sample = contest.sample([logged[one] for one in usable], [truths[one] for one in usable])
    return contest.loss.kind, sample.champion - sample.challenger


def _prove(state: State, scene: Scene, shadow: dict[str, Any], proof: Wealth, kind: str) -> None:
    """Keep the proof, and recommend a rollback where it is a person's to do."""
    if kind == "error":
        worse = f"was {100 * proof.mean:.2f} points more accurate"
    else:
        worse = f"had a mean clipped absolute error (0 to 1) that was {proof.mean:.4f} smaller"
    shadow["seen"] = (
        f"{worse} in shadow on the {proof.n:,} labelled rows since the promotion "
        f"(e-value {proof.e_value:.3g}, needed {1 / ALPHA:.3g})."
    )
    parties = {name: shadow[name] for name in ("champion", "version", "since")}
    numbers = {"n": proof.n, "difference": proof.mean, "e_value": proof.e_value, "threshold": 1 / ALPHA}
    shadow |= {"state": "proved", "evidence": parties | numbers}
    if scene.spec.promotion.mode == "auto":
        return
    shadow["text"] = (
        f"Champion {shadow['champion']} should be rolled back, which waits for a person "
        f"(POST /models/{scene.model}/rollback), to {shadow['version']}, which {shadow['seen']}"
    )
    key = f"rollback/{scene.reign}"
    outbox.note(state, kind="recommended", key=key, text=shadow["text"], evidence=shadow["evidence"])


def _end(state: State, scene: Scene, shadow: dict[str, Any], why: str) -> None:
    shadow |= {"state": "ended", "text": f"The shadow of {shadow['version']} has ended: {why}"}
    seen = Wealth.from_json(shadow["wealth"])
    evidence = {name: shadow[name] for name in ("champion", "version", "since")}
    numbers = {"n": seen.n, "difference": seen.mean, "e_value": seen.e_value, "peak": seen.peak}
    outbox.note(state, kind="shadow-ended", key=scene.reign, text=shadow["text"], evidence=evidence | numbers)


def _so_far(seen: Wealth) -> str:
    return (
        f"On {seen.n:,} rows since the promotion the champion's mean loss (0 to 1) is {seen.mean:+.4f} beside the "
        f"shadow's; e-value {seen.e_value:.3g}, a rollback at {1 / ALPHA:.3g}."
    )


def _reign(shadow: dict[str, Any]) -> str:
    return f"{shadow['champion']}/{shadow['since']}"
