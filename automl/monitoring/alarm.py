"""The champion under watch: its detector, and the alarm that its accuracy has fallen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from automl import events
from automl.evaluation.paired import Loss
from automl.monitoring import outbox
from automl.monitoring.detector import TOO_FEW, Detector, observe, power
from automl.monitoring.labels import Label
from automl.monitoring.state import State
from automl.registry import Pointer


def watch(state: State, pointer: Pointer, baseline: dict[str, Any]) -> None:
    """Begin to watch a champion anew when the pointer names another one than before, and drop the old alarm.

    Parameters
    ----------
    baseline
        The `loss` of the champion's baseline.json.
    """
    watched = state.watch
    if watched and (watched["version"], watched["since"]) == (pointer.champion, pointer.since):
        return
    state.watch = {
        "version": pointer.champion,
        "since": pointer.since,
        "detector": Detector(bound=baseline["upper"]).to_json(),
        "power": power(baseline["n"]),
        "n": 0,
        "losses": 0.0,
    }
    state.alarm = None


def feed(state: State, fresh: Sequence[Label], alpha: float) -> None:
    """Let the detector see the first truths of the watched champion's predictions, and raise the alarm.

    Parameters
    ----------
    fresh
        Labels whose ids had no truth before, in the order of their receipt.
    alpha
        Chance of a false alarm in the champion's life.
    """
    watched = state.watch
    assert watched is not None  # noqa: S101  (`watch` comes first)
    begun = datetime.fromisoformat(watched["since"]).timestamp() * 1000
    own = [label for label in fresh if label.version == watched["version"] and label.predicted_at >= begun]
    baseline = state.baselines[watched["version"]]
    if not own or baseline["n"] < TOO_FEW:
        return
    losses = Loss.from_baseline(baseline).scaled(np.array([label.error for label in own]))
    before = Detector.from_json(watched["detector"])
    after, reached = observe(before, losses, alpha)
    watched["detector"] = after.to_json()
    seen = own if reached is None or state.alarm else own[: reached - before.labels]
    n, total = watched["n"] + len(seen), watched["losses"] + float(losses[: len(seen)].sum())
    watched["n"] += len(own)
    watched["losses"] += float(losses.sum())
    if reached is None or state.alarm:
        return
    at = events.iso(datetime.fromtimestamp(seen[-1].received / 1000, UTC))
    key = f"{watched['version']}/{watched['since']}/{reached}"
    evidence = {
        "version": watched["version"],
        "n": n,
        "loss": total / n,
        "baseline": baseline["mean"],
        "bound": baseline["upper"],
        "holdout_rows": baseline["n"],
        "e_value": observe(before, losses[: len(seen)], alpha)[0].e_value,
        "threshold": 1 / alpha,
    }
    text = _sentence(evidence, baseline["kind"])
    state.alarm = {"version": watched["version"], "at": at, "key": key, "text": text, "evidence": evidence}
    outbox.note(state, kind="alarm", key=key, text=text, evidence=evidence)


def _sentence(found: dict[str, Any], kind: str) -> str:
    loss = "error rate" if kind == "error" else "mean clipped absolute error (0 to 1)"
    return (
        f"The accuracy of champion {found['version']} has fallen: over its first {found['n']:,} labelled predictions "
        f"the {loss} is {found['loss']:.4f}, on its {found['holdout_rows']:,} holdout rows it was "
        f"{found['baseline']:.4f} (95% upper bound {found['bound']:.4f}); e-value {found['e_value']:.3g}, "
        f"alarm at {found['threshold']:.3g}."
    )
