"""One training run: from a stored table to a published version, which is not registered here."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from datetime import datetime

import numpy as np

from automl.errors import NotFound
from automl.events import Clock
from automl.export import parity
from automl.export.build import build
from automl.export.prep import Prep
from automl.export.stages import Predict
from automl.registry import Registry
from automl.run import Run
from automl.scoring.session import ModelSession
from automl.settings import LakeMode
from automl.signature import Signature
from automl.spec import Spec
from automl.storage import Storage
from automl.training import kept
from automl.training.examples import golden
from automl.training.importance import importances
from automl.training.infer import describe
from automl.training.loading import load
from automl.training.progress import Outcome, Progress
from automl.training.search import Config, Found, Trial, fitted_of, search
from automl.training.split import kind_for, split
from automl.training.version import Made, files_of, manifest_of


def run(
    storage: Storage,
    run: Run,
    spec: Spec,
    registry: Registry,
    *,
    clock: Clock,
    lake: LakeMode = "on",
    progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Train, export, check and publish one version.

    A run that has published already is not repeated: its version is returned.

    Parameters
    ----------
    lake
        Whether the rows are kept in the lake's dataset.

    Raises
    ------
    InvalidInput
        The table, the spec, or both together cannot be trained on.
    Rejected
        No usable model was found, or its export gives other answers.
    """
    done = registry.version_of_run(run.model, run.id)
    if done is not None:
        return Outcome(version=done, message=f"Version {done} had been published by an earlier attempt.")
    progress(Progress(stage="loading", percent=0, message=f"Reading {run.data['blob']}."))
    data = load(storage, run, spec, at=clock(), lake=lake)

    progress(Progress(stage="preparing", percent=3, message=f"Preparing {len(data.target)} rows."))
    parts = split(
        kind_for(spec, data.signature.task),
        data.target,
        holdout=spec.split.holdout,
        seed=spec.search.seed,
        order=np.arange(len(data.target), dtype=np.float64),
    )
    train = data.tensors[parts.train]
    signature = describe(data.signature, train)
    prep = Prep.fit(signature, train)
    message = f"Searching for {spec.search.time_budget:g} s on {len(train)} rows of {len(prep.columns)} columns."
    progress(Progress(stage="searching", percent=10, message=message))
    found = search(
        prep.transform(train).astype(np.float64),
        data.target[parts.train],
        task=signature.task,
        classes=len(signature.classes),
        kind=parts.kind,
        settings=spec.search,
        starting_points=run.checkpoint or _champions_points(registry, run.model),
        on_trial=lambda trial: progress(_searching(trial)),
    )

    def tell(stage: str, percent: float, message: str) -> None:
        progress(
            Progress(stage=stage, percent=percent, message=message, trials=found.trials, best_loss=found.best_loss)
        )

    tell("exporting", 82, f"Exporting {found.estimator}.")
    onnx = build(prep, fitted_of(found.model), signature, signature.classes, about_of(run, spec))
    version = version_name(run, onnx)
    session = ModelSession(run.model, version, onnx, signature, key=spec.columns.key)
    holdout = data.tensors[parts.holdout]
    examples, golden_rows = golden(session, holdout)

    tell("checking", 86, f"Comparing the exported model with FLAML on {len(holdout)} holdout rows and hard ones.")
    predict, predict_proba = _flaml_answers(found, signature)
    report = parity.check(
        onnx, prep, predict, predict_proba, signature,
        holdout=holdout, golden=golden_rows, estimator=found.model.model,
    )  # fmt: skip

    tell("publishing", 95, f"Storing version {version}.")
    made = Made(
        signature=signature,
        onnx=onnx,
        golden=examples,
        train=train,
        train_target=data.target[parts.train],
        holdout=holdout,
        holdout_target=data.target[parts.holdout],
        answers=session.score(holdout),
        metric=found.metric,
        seed=spec.search.seed,
        importance=importances(session, holdout, data.target[parts.holdout], seed=spec.search.seed),
    )
    files, metrics = files_of(made)
    if data.kept is not None:
        files[kept.FILE] = data.kept.to_file()
    manifest = manifest_of(
        run,
        spec,
        version=version,
        created=clock(),
        data=data.source,
        added=data.added,
        window=data.window,
        split=parts,
        found=found,
        parity=report,
        metrics=metrics,
    )
    registry.publish(run.model, version, files, manifest)
    return Outcome(version=version, message=_sentence(version, found, metrics, len(parts.holdout)))


def version_name(run: Run, onnx: bytes) -> str:
    """Time of the run's cause and a hash of the model: a redelivered run makes no second version."""
    return f"{_time_of(run)}-{hashlib.sha256(onnx).hexdigest()[:8]}"


def about_of(run: Run, spec: Spec) -> dict[str, str]:
    """What a model file says of where it comes from.

    A file cannot hold a hash of itself, so of its version it holds the time; `version_name` adds the hash.
    """
    return {"model": run.model, "run": run.id, "version_time": _time_of(run), "spec_sha256": spec.sha256}


def _time_of(run: Run) -> str:
    return f"{datetime.fromisoformat(run.at):%Y%m%dT%H%M%SZ}"


def _searching(trial: Trial) -> Progress:
    return Progress(
        stage="searching",
        percent=10 + 70 * trial.share,
        message=f"After trial {trial.trials}, {trial.estimator} is the best.",
        trials=trial.trials,
        best_loss=trial.best_loss if math.isfinite(trial.best_loss) else None,
        checkpoint=trial.points,
    )


def _champions_points(registry: Registry, model: str) -> dict[str, Config]:
    """Where the search of the present champion ended; nothing for a first version."""
    try:
        champion = registry.pointer(model).champion
        points: dict[str, Config] = registry.manifest(model, champion)["starting_points"]
    except NotFound:
        return {}
    return points


def _flaml_answers(found: Found, signature: Signature) -> tuple[Predict, Predict | None]:
    """FLAML's own predictions with the signature's labels in place of class codes."""
    if signature.task == "regression":
        return found.model.predict, None
    labels = np.empty(len(signature.classes), dtype=object)
    labels[:] = signature.classes
    return lambda matrix: labels[np.asarray(found.model.predict(matrix), dtype=np.int64)], found.model.predict_proba


def _sentence(version: str, found: Found, metrics: dict[str, float], holdout: int) -> str:
    told = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    return (
        f"Version {version}: {found.estimator}, the best of {found.trials} trials in {found.seconds:.0f} s, "
        f"has {told} on {holdout} holdout rows."
    )
