"""From what is new to what is to be done, in the order in which one follows from the other.

What each label adds to is brought up to date in every step of a backlog. What rests on all that has come, such as
drift, verdicts and runs, is decided in the last step, so that it does not depend on where the backlog was cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from automl.events import iso
from automl.lake import cells
from automl.lake.cells import Cells
from automl.lake.id_columns import halves, made_at
from automl.monitoring import (
    accuracy,
    alarm,
    arms,
    comparison,
    coverage,
    drift,
    estimate,
    guard,
    labels,
    performance,
    recall,
    retention,
    retrain,
    shadow,
)
from automl.monitoring.detector import Detector
from automl.monitoring.ingest import News
from automl.monitoring.join import Pairs, join
from automl.monitoring.labels import Labels
from automl.monitoring.ledger import Ledger
from automl.monitoring.retrain import Answer
from automl.monitoring.scene import Scene
from automl.monitoring.seen import milliseconds
from automl.monitoring.slices import ABSENT, Slices
from automl.monitoring.state import State
from automl.registry import Registry

BACKLOG = "A backlog is being read; what calls for a run is looked at once all of it is."


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
        pairs = join(registry.storage, model, scene.mark, state, news, slices=scene.spec.monitor.slices)
        by_version = pairs.by_version()
        _know(state, registry, model, by_version)
        fresh: Labels | None = None
        for own in _labels(state, scene, by_version):
            taken = labels.take(state, ledger, own)
            labelled += len(taken.fresh)
            performance.take(state, scene.references, taken, f"{scene.now:%Y-%m-%d}")
            coverage.take(state, taken.fresh)
            if own.version == pointer.champion:
                fresh = taken.fresh
                alarm.feed(state, fresh, scene.spec.monitor.alpha)
        shadow.follow(state, scene, fresh, pairs)
        state.event = pointer.event
        if news.more:
            state.report = _report(state, scene, news, labelled) | {"drift": drifted, "retraining": BACKLOG}
            return labelled
        drifted = drift.watch(state, scene)
        is_rolled_back = shadow.come_back(state, scene)
        if not is_rolled_back:
            comparison.judge_challenger(state, scene)
            if state.comparison is not None:
                state.comparison["arms"] = arms.told(state, scene)
        retention.prune(state, ledger, scene.spec.keep, scene.now)
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


def _labels(state: State, scene: Scene, pairs: Mapping[str, Pairs]) -> Iterator[Labels]:
    """The pairs with their errors, version by version."""
    for version, own in pairs.items():
        classes = scene.references.signature(version).classes
        ids = halves(own.predictions.column("id"))
        features = Cells(own.predictions)
        columns = {name: features.logged(name, ABSENT) for name in scene.spec.monitor.slices}
        yield Labels(
            version=version,
            ids=ids[:, 1],
            made=made_at(ids[:, 0]),
            at=milliseconds(own.truths.column("at")),
            received=milliseconds(own.truths.column("received")),
            predicted_at=milliseconds(own.predictions.column("at")),
            error=own.errors(state.baselines[version]["kind"]),
            truth=cells.codes(own.truths, "truth", classes),
            predicted=cells.codes(own.predictions, "prediction", classes),
            probabilities=cells.probabilities(own.predictions.column("probabilities"), len(classes)),
            slices=Slices(scene.spec.monitor.slices, scene.references.of(version)).of(columns),
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
