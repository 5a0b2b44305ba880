"""Champion and challenger while both answer requests: what each of them was asked, and how it did."""

from __future__ import annotations

from typing import Any

from automl.monitoring import latencies, performance
from automl.monitoring.scene import Scene
from automl.monitoring.state import State

_TOLD_OF = ("accuracy", "mae")
"""The metric that is told of an arm: that of its task."""


def told(state: State, scene: Scene) -> list[dict[str, Any]]:
    """One object an arm, from the day (UTC) of the challenger's first answer on; none while it has answered nothing.

    Returns
    -------
    Objects with `role`, `version`, `since`; rows `predicted`, `n` of them labelled, and that as a share, `coverage`;
    `metric` with `value`, `low` and `high` (95%), None without labelled rows; `median_ms` and `p95_ms`.
    """
    challenger = scene.pointer.challenger
    if challenger is None or not (days := state.latencies.get(challenger)):
        return []
    first = min(days)
    versions = {"champion": scene.pointer.champion, "challenger": challenger}
    return [{"role": role, **_arm(state, scene, version, first)} for role, version in versions.items()]


def _arm(state: State, scene: Scene, version: str, first: str) -> dict[str, Any]:
    answered = latencies.told(state, version, first)
    found = [one for one in performance.since(state, scene.references, version, first) if one.metric in _TOLD_OF]
    measured = dict.fromkeys(("metric", "value", "low", "high")) | {"n": 0}
    for one in found:
        measured |= {name: value for name, value in one.to_json().items() if name in measured}
    coverage = measured["n"] / answered["predicted"] if answered["predicted"] else None
    return {"version": version, "since": first, **answered, **measured, "coverage": coverage}
