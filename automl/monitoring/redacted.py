"""What the monitor gives up of columns that are not to be logged (`monitor.redact`)."""

from __future__ import annotations

from automl.monitoring import histograms
from automl.monitoring.scene import Scene
from automl.monitoring.state import State


def forget(state: State, scene: Scene) -> None:
    """Take what was counted of such columns before out of the state: bins, ranges, names of values, slices."""
    wanted = sorted(scene.spec.monitor.redact)
    if wanted == state.redacted:
        return
    histograms.forget(state, scene.references, frozenset(wanted))
    starts = tuple(f"{name}=" for name in wanted)
    for slices in state.measured.values():
        for name in [name for name in slices if name.startswith(starts)]:
            del slices[name]
    state.redacted = wanted


def unread(scene: Scene, version: str) -> list[str]:
    """The features of a version that the log lacks, so that its rows cannot be scored again."""
    names = {feature.name for feature in scene.references.signature(version).features}
    return sorted(names.intersection(scene.spec.monitor.redact))
