"""The champion under watch: its detector, the alarm that its accuracy has fallen, and the early warning before it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from automl import events
from automl.evaluation.paired import Loss
from automl.monitoring import adwin, early, outbox
from automl.monitoring.detector import Detector, observe, power
from automl.monitoring.labels import Labels
from automl.monitoring.state import State
from automl.registry import Pointer
from automl.spec_sections import Monitor

RECENT = 200
"""Newest losses that an alarm tells the mean of."""


def watch(state: State, pointer: Pointer, baseline: dict[str, Any], rules: Monitor) -> None:
    """Begin to watch a champion anew when the pointer names another one than before, and drop the old alarm.

    Parameters
    ----------
    baseline
        The `loss` of the champion's baseline.json.
    rules
        The constants by which it is watched to the end of its reign, whatever the spec comes to say meanwhile; but
        for `alpha`, which may change, as one e-value is tested at each.
    """
    watched = state.watch
    if watched and (watched["version"], watched["since"]) == (pointer.champion, pointer.since):
        return
    state.watch = {
        "version": pointer.champion,
        "since": pointer.since,
        "detector": Detector(bound=baseline["upper"], batch=rules.look_every, horizon=rules.horizon).to_json(),
        "window": adwin.Window(delta=rules.early_delta, batch=rules.look_every).to_json(),
        "min_holdout": rules.min_holdout,
        "power": power(baseline["n"], rules.min_holdout),
        "n": 0,
        "recent": [],
        "early": None,
    }
    state.alarm = None


def feed(state: State, fresh: Labels, alpha: float) -> None:
    """Let the detector see the first truths of the watched champion's predictions, and raise the alarm.

    Parameters
    ----------
    fresh
        Labels of that champion whose ids had no truth before, in the order of their receipt.
    alpha
        Chance of a false alarm in the champion's life.
    """
    watched = state.watch
    assert watched is not None  # noqa: S101  (`watch` comes first)
    begun = datetime.fromisoformat(watched["since"]).timestamp() * 1000
    own = fresh[fresh.predicted_at >= begun]
    baseline = state.baselines[watched["version"]]
    if not len(own) or baseline["n"] < watched["min_holdout"]:
        return
    losses = Loss.from_baseline(baseline).scaled(own.error)
    before = Detector.from_json(watched["detector"])
    after, reached = observe(before, losses, alpha)
    watched["detector"] = after.to_json()
    newest = [*watched["recent"], *losses.tolist()]
    watched["n"] += len(own)
    watched["recent"] = newest[-RECENT:]
    early.feed(state, losses, own.received, baseline["kind"], until=reached)
    if reached is None or state.alarm:
        return
    taken = reached - before.labels  # of these losses, up to the look that raised the alarm
    recent = newest[: len(newest) - len(own) + taken][-RECENT:]
    at = events.iso(datetime.fromtimestamp(int(own.received[taken - 1]) / 1000, UTC))
    key = f"{watched['version']}/{watched['since']}/{reached}"
    evidence = {
        "version": watched["version"],
        "n": reached,
        "recent_n": len(recent),
        "loss": sum(recent) / len(recent),
        "baseline": baseline["mean"],
        "bound": baseline["upper"],
        "holdout_rows": baseline["n"],
        "e_value": observe(before, losses[:taken], alpha)[0].e_value,
        "threshold": 1 / alpha,
    }
    text = _sentence(evidence, baseline["kind"])
    state.alarm = {"version": watched["version"], "at": at, "key": key, "text": text, "evidence": evidence}
    outbox.note(state, kind="alarm", key=key, text=text, evidence=evidence)


def _sentence(found: dict[str, Any], kind: str) -> str:
    return (
        f"The accuracy of champion {found['version']} has fallen: after {found['n']:,} labelled predictions, the "
        f"{early.LOSSES[kind]} of the last {found['recent_n']} is {found['loss']:.4f}; on its "
        f"{found['holdout_rows']:,} holdout rows it was {found['baseline']:.4f} (95% upper bound "
        f"{found['bound']:.4f}); e-value {found['e_value']:.3g}, alarm at {found['threshold']:.3g}."
    )
