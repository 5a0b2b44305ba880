"""From what is new to what is to be done, in the order in which one follows from the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from automl.evaluation.paired import Loss
from automl.events import iso
from automl.log.reader import hour_of
from automl.monitoring import (
    alarm,
    comparison,
    coverage,
    drift,
    estimate,
    guard,
    ingest,
    labels,
    performance,
    retrain,
    shadow,
)
from automl.monitoring.detector import Detector
from automl.monitoring.ingest import News, Prediction, Truth
from automl.monitoring.labels import Label, codes
from automl.monitoring.retrain import Answer
from automl.monitoring.scene import Scene
from automl.monitoring.slices import Slices
from automl.monitoring.state import State
from automl.registry import Registry


def decide(state: State, scene: Scene, news: News) -> int | None:
    """Bring the state up to date and put decisions into its outbox.

    Returns
    -------
    How many rows were labelled for the first time; None when nothing in the state has changed.
    """
    registry, model, pointer = scene.registry, scene.model, scene.pointer
    changed = bool(news) or pointer.event != state.event
    fresh, drifted, is_rolled_back = list[Label](), state.report.get("drift"), False
    if changed:
        _know(state, registry, model, [pointer.champion])
        alarm.watch(state, pointer, state.baselines[pointer.champion])
        news = guard.screen(state, scene, news)
        pairs = _joined(state, scene, news)
        _know(state, registry, model, {prediction.version for _, prediction in pairs})
        changes = performance.Changes()
        fresh = labels.take(state, _labels(state, scene, pairs), stands=changes.add)
        performance.take(state, scene.references, changes, f"{scene.now:%Y-%m-%d}")
        coverage.take(state, fresh)
        alarm.feed(state, fresh, scene.spec.monitor.alpha)
        drifted = drift.watch(state, scene)
        is_rolled_back = shadow.follow(state, scene, fresh, pairs)
        if not is_rolled_back:
            comparison.judge_challenger(state, scene)
        labels.prune(state, hour_of(scene.now, shift=-labels.KEEP_HOURS))
        state.event = pointer.event
    answer = _asked(state, scene, is_rolled_back=is_rolled_back)
    if changed or answer.asked:
        told = {"drift": drifted, "retraining": answer.text}
        state.report = _report(state, scene, news, len(fresh)) | told
    elif state.report.get("retraining") != answer.text:
        state.report["retraining"] = answer.text
    else:
        return None
    return len(fresh)


def _asked(state: State, scene: Scene, *, is_rolled_back: bool) -> Answer:
    """What becomes of asking for a run: nothing while the champion that would call for it is on its way out."""
    if is_rolled_back:
        return Answer(False, f"No run is asked for, as champion {scene.pointer.champion} is rolled back.")
    return retrain.ask(state, scene)


def _know(state: State, registry: Registry, model: str, versions: Iterable[str]) -> None:
    """Have the baseline losses of versions in the state."""
    for version in sorted(versions):
        if version not in state.baselines:
            state.baselines[version] = orjson.loads(registry.file(model, version, "baseline.json"))["loss"]


def _joined(state: State, scene: Scene, news: News) -> list[tuple[Truth, Prediction]]:
    if not news.truths:
        return []
    return ingest.join(scene.registry.storage, scene.model, scene.mark, state, news, slices=scene.spec.monitor.slices)


def _labels(state: State, scene: Scene, pairs: list[tuple[Truth, Prediction]]) -> list[Label]:
    """The pairs with their errors, version by version."""
    by_version: dict[str, list[tuple[Truth, Prediction]]] = {}
    for pair in pairs:
        by_version.setdefault(pair[1].version, []).append(pair)
    made: list[Label] = []
    for version, own in by_version.items():
        loss = Loss.from_baseline(state.baselines[version])
        errors = loss.raw_errors([truth["truth"] for truth, _ in own], [one.prediction for _, one in own])
        coded = codes(scene.references.signature(version).classes)
        slices = Slices(scene.spec.monitor.slices, scene.references.of(version))
        made += [
            Label(
                id=prediction.id,
                at=truth["at"],
                received=truth["received"],
                predicted_at=prediction.at,
                hour=ingest.hour_made(prediction.id),
                version=version,
                error=error,
                truth=coded(truth["truth"]),
                predicted=coded(prediction.prediction),
                probabilities=prediction.probabilities,
                slices=slices.of(prediction.features),
            )
            for (truth, prediction), error in zip(own, errors.tolist(), strict=True)
        ]
    return made


def _report(state: State, scene: Scene, news: News, labelled: int) -> dict[str, Any]:
    """What people ask the monitor for."""
    watched = state.watch
    assert watched is not None  # noqa: S101  (`alarm.watch` comes first)
    seen = Detector.from_json(watched["detector"])
    return {
        "performance": labels.performance(state),
        "metrics": performance.rows(state, scene.references, scene.versions),
        "reliability": performance.reliability(state, scene.references, scene.pointer.champion),
        "coverage": coverage.told(state),
        "estimate": estimate.told(state, scene),
        "detector": {"labels": seen.labels, "bound": seen.bound, "e_value": seen.e_value, "peak": seen.peak},
        "last_pass": {
            "at": iso(scene.now),
            "truths": len(news.truths),
            "predictions": news.predictions,
            "labelled": labelled,
        },
    }
