"""From what is new to what is to be done, in the order in which one follows from the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import orjson

from automl.evaluation.paired import Loss
from automl.events import iso
from automl.log.ids import made_at
from automl.monitoring import (
    accuracy,
    alarm,
    arms,
    comparison,
    coverage,
    drift,
    estimate,
    guard,
    ingest,
    labels,
    performance,
    recall,
    retention,
    retrain,
    shadow,
)
from automl.monitoring.detector import Detector
from automl.monitoring.ingest import News, Prediction, Truth
from automl.monitoring.labels import Labels, codes
from automl.monitoring.ledger import Ledger
from automl.monitoring.retrain import Answer
from automl.monitoring.scene import Scene
from automl.monitoring.slices import ABSENT, Slices
from automl.monitoring.state import State
from automl.registry import Registry


def decide(state: State, scene: Scene, ledger: Ledger, news: News) -> int | None:
    """Bring the state up to date and put decisions into its outbox.

    Returns
    -------
    How many rows were labelled for the first time; None when nothing in the state has changed.
    """
    registry, model, pointer = scene.registry, scene.model, scene.pointer
    changed = bool(news) or pointer.event != state.event
    labelled, drifted, is_rolled_back = 0, state.report.get("drift"), False
    if changed:
        _know(state, registry, model, [pointer.champion])
        alarm.watch(state, pointer, state.baselines[pointer.champion], scene.spec.monitor)
        news = guard.screen(state, scene, news)
        pairs = _joined(state, scene, news)
        _know(state, registry, model, {prediction.version for _, prediction in pairs})
        fresh: Labels | None = None
        for own in _labels(state, scene, pairs):
            taken = labels.take(state, ledger, own)
            labelled += len(taken.fresh)
            performance.take(state, scene.references, taken, f"{scene.now:%Y-%m-%d}")
            coverage.take(state, taken.fresh)
            if own.version == pointer.champion:
                fresh = taken.fresh
                alarm.feed(state, fresh, scene.spec.monitor.alpha)
        drifted = drift.watch(state, scene)
        is_rolled_back = shadow.follow(state, scene, fresh, pairs)
        if not is_rolled_back:
            comparison.judge_challenger(state, scene)
            if state.comparison is not None:
                state.comparison["arms"] = arms.told(state, scene)
        retention.prune(state, ledger, scene.spec.keep, scene.now)
        state.event = pointer.event
    answer = _asked(state, scene, is_rolled_back=is_rolled_back)
    looked, state.tables = state.tables, "" if answer.waits else scene.tables
    if changed or answer.asked:
        told = {"drift": drifted, "retraining": answer.text}
        state.report = _report(state, scene, news, labelled) | told
    elif state.report.get("retraining") != answer.text or state.tables != looked or state.outbox:
        state.report["retraining"] = answer.text
    else:
        return None
    return labelled


def _asked(state: State, scene: Scene, *, is_rolled_back: bool) -> Answer:
    """What becomes of asking for a run: nothing while the champion that would call for it is on its way out."""
    if is_rolled_back:
        return Answer(False, f"No run is asked for, as champion {scene.pointer.champion} is rolled back.")
    if (recalled := recall.ask(state, scene)) is not None:
        return Answer(True, f"No run is asked for yet. {recalled}", waits=True)
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


def _labels(state: State, scene: Scene, pairs: list[tuple[Truth, Prediction]]) -> Iterator[Labels]:
    """The pairs with their errors, version by version."""
    by_version: dict[str, list[tuple[Truth, Prediction]]] = {}
    for pair in pairs:
        by_version.setdefault(pair[1].version, []).append(pair)
    for version, own in by_version.items():
        loss = Loss.from_baseline(state.baselines[version])
        truths, answers = [truth for truth, _ in own], [one for _, one in own]
        classes = scene.references.signature(version).classes
        coded = codes(classes)
        slices = Slices(scene.spec.monitor.slices, scene.references.of(version))
        nothing = [math.nan] * len(classes)
        yield Labels(
            version=version,
            ids=np.array([labels.short(one.id) for one in answers], dtype=np.uint64),
            made=np.array([made_at(one.id) for one in answers], dtype=np.int64),
            at=np.array([truth["at"] for truth in truths], dtype=np.int64),
            received=np.array([truth["received"] for truth in truths], dtype=np.int64),
            predicted_at=np.array([one.at for one in answers], dtype=np.int64),
            error=loss.raw_errors([truth["truth"] for truth in truths], [one.prediction for one in answers]),
            truth=np.array([coded(truth["truth"]) for truth in truths], dtype=np.float64),
            predicted=np.array([coded(one.prediction) for one in answers], dtype=np.float64),
            probabilities=np.array([one.probabilities or nothing for one in answers]) if classes else None,
            slices=slices.of(
                {name: [one.features.get(name, ABSENT) for one in answers] for name in scene.spec.monitor.slices}
            ),
        )


def _report(state: State, scene: Scene, news: News, labelled: int) -> dict[str, Any]:
    """What people ask the monitor for."""
    watched = state.watch
    assert watched is not None  # noqa: S101  (`alarm.watch` comes first)
    seen = Detector.from_json(watched["detector"])
    return {
        "performance": accuracy.told(state),
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
