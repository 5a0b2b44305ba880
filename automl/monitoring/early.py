"""The early warning: an event that somebody may want to look into. It decides nothing; the alarm does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import events
from automl.monitoring import adwin, outbox
from automl.monitoring.state import State

LOSSES = {"error": "error rate", "clipped_abs": "mean clipped absolute error (0 to 1)"}
"""What the mean of each kind of loss is called."""


def feed(
    state: State, losses: npt.NDArray[np.float64], received: npt.NDArray[np.int64], kind: str, *, until: int | None
) -> None:
    """Let ADWIN see the losses of the watched champion, and tell of a rise that comes before the alarm.

    Parameters
    ----------
    received
        int64 [N]: when the truth of each loss was received, epoch milliseconds.
    kind
        Of the loss.
    until
        The label that raises the alarm, from which on there is nothing to warn of; None when none of these does.
    """
    watched = state.watch
    assert watched is not None  # noqa: S101  (`alarm.watch` comes first)
    before = adwin.Window.from_json(watched["window"])
    after, rises = adwin.observe(before, losses)
    watched["window"] = after.to_json()
    for rise in rises:
        if state.alarm or (until is not None and rise.labels >= until):
            return
        at = datetime.fromtimestamp(int(received[rise.labels - before.labels - 1]) / 1000, UTC)
        evidence = {
            "version": watched["version"],
            "n": rise.labels,
            "loss": rise.since.mean,
            "since_n": rise.since.n,
            "before": rise.before.mean,
            "before_n": rise.before.n,
            "delta": after.delta,
        }
        text = _sentence(evidence, kind)
        watched["early"] = {"at": events.iso(at), "text": text}
        key = f"{watched['version']}/{watched['since']}/{rise.labels}"
        outbox.note(state, kind="early-warning", key=key, text=text, evidence=evidence)


def _sentence(found: dict[str, Any], kind: str) -> str:
    return (
        f"Look into champion {found['version']}: after {found['n']:,} labelled predictions, its {LOSSES[kind]} has "
        f"risen from {found['before']:.4f} on {found['before_n']:,} of them to {found['loss']:.4f} on the newest "
        f"{found['since_n']:,} (ADWIN, δ = {found['delta']:g}). Nothing follows from this; the alarm decides."
    )
