"""How much of what was predicted has its truth, and how long truth takes to come: what every metric rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from automl.monitoring.labels import Labels
from automl.monitoring.state import State

AGES_S = (60, 600, 3_600, 21_600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400)
"""Seconds within which truths are counted to have come; one more count is for those that came later."""


def take(state: State, fresh: Labels) -> None:
    """Count the time that the first truth of each prediction took."""
    places = np.searchsorted(AGES_S, (fresh.received - fresh.predicted_at) / 1000)
    found = np.bincount(places, minlength=len(AGES_S) + 1).tolist()
    state.ages = [before + more for before, more in zip(state.ages or [0] * len(found), found, strict=True)]


def told(state: State) -> dict[str, Any]:
    """What people are told.

    Returns
    -------
    `predictions`, `labelled` and the `share` of the one in the other; `state`: `labelled` or `never labelled`;
    `half_within_s` and `most_within_s`: the least of `AGES_S` within which 50% and 90% of the truths came, None for
    longer than any of them; `ages`: the share of the truths that came within each.
    """
    share = state.labelled / state.predictions if state.predictions else None
    found = {"predictions": state.predictions, "labelled": state.labelled, "share": share}
    if not state.labelled:
        return found | {"state": "never labelled"}
    within: list[float] = []
    for count in state.ages:
        within.append((within[-1] if within else 0.0) + count / sum(state.ages))
    return found | {
        "state": "labelled",
        "half_within_s": _first(within, 0.5),
        "most_within_s": _first(within, 0.9),
        "ages": [{"within_s": age, "share": part} for age, part in zip(AGES_S, within, strict=False)],
    }


def _first(within: Sequence[float], share: float) -> int | None:
    """The least age within which a share of the truths came."""
    return next((age for age, part in zip(AGES_S, within, strict=False) if part >= share), None)
