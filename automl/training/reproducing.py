"""A version made once more: its recorded configuration fitted on its recorded rows, and judged on its holdout.

Nothing is searched, so it takes one fit. Nothing is published either: the answer is whether the numbers are the same.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from automl.errors import NotFound, Rejected
from automl.export.build import build
from automl.export.prep import Prep
from automl.registry import Registry
from automl.requests import why_not
from automl.scoring.session import ModelSession
from automl.signature import Signature
from automl.spec import Spec
from automl.storage import Storage
from automl.training import kept, provenance
from automl.training.progress import Outcome, Progress
from automl.training.search import fitted_of, search
from automl.training.split import split
from automl.training.stacks import made_again
from automl.training.version import measure

TOLERANCE = 1e-9
"""How far a metric may be off, relative to its value, and still count as the same."""


def reproduce(
    storage: Storage,
    registry: Registry,
    model: str,
    version: str,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Make a version once more and compare its holdout's metrics with those of its manifest.

    Returns
    -------
    `reproduced` or `differs`, with the numbers in words.

    Raises
    ------
    NotFound
        There is no such version.
    Rejected
        It cannot be reproduced: its rows were not kept, or are not there any more, or were changed.
    """
    manifest = registry.manifest(model, version)
    if (reason := why_not(manifest)) is not None:
        raise Rejected(f"Version {version} cannot be reproduced: {reason}.")
    told, spec = manifest["data"]["dataset"], _spec(manifest)
    progress(Progress(stage="loading", percent=0, message=f"Reading {told['rows']:,} rows of {told['table']}."))
    signature = Signature.from_json(orjson.loads(registry.file(model, version, "signature.json")))
    try:
        tensors, target = kept.recall(storage, model, signature, told, registry.file(model, version, kept.FILE))
    except NotFound as error:
        raise Rejected(f"Version {version} cannot be reproduced any more. {error.message}") from error

    config = manifest["config"]
    order = np.arange(len(target), dtype=np.float64)
    parts = split(manifest["split"]["kind"], target, holdout=spec.split.holdout, seed=spec.search.seed, order=order)
    progress(
        Progress(stage="refitting", percent=20, message=f"Fitting {config['estimator']} on {len(parts.train)} rows.")
    )
    prep = Prep.fit(signature, tensors[parts.train])
    found = search(
        prep.transform(tensors[parts.train]).astype(np.float64),
        target[parts.train],
        task=signature.task,
        classes=len(signature.classes),
        kind=parts.kind,
        # FLAML fits the one starting point of a search of one trial on all rows, and does nothing else
        settings=replace(
            spec.search, time_budget=-1, max_iter=1, estimator_list=(config["estimator"],), ensemble=False
        ),
        starting_points={config["estimator"]: config["hyperparameters"]},
        threads=manifest["search"]["threads"],
        keep_search_state=bool(config["stack"]),
    )
    if not found.config.items() <= config["hyperparameters"].items():  # learners may add what they derive
        raise Rejected(f"Version {version} cannot be reproduced: FLAML does not take its configuration any more.")

    progress(Progress(stage="checking", percent=80, message=f"Comparing on {len(parts.holdout)} holdout rows."))
    fitted = fitted_of(found.model)
    if config["stack"]:
        members = {name: manifest["starting_points"][name] for name in config["stack"]}
        fitted = made_again(found.model, members, threads=found.threads)
    onnx = build(prep, fitted, signature, signature.classes, _about(manifest))
    session = ModelSession(model, version, onnx, signature, key=spec.columns.key)
    measured = measure(signature, target[parts.holdout], session.score(tensors[parts.holdout]))
    is_same_file = hashlib.sha256(onnx).hexdigest() == manifest["files"]["model.onnx"]
    return _outcome(manifest, measured, len(parts.holdout), is_same_file=is_same_file)


def _spec(manifest: Mapping[str, Any]) -> Spec:
    """What the version was asked for; sections that no fit depends on may have changed their form since."""
    needed = ("name", "target", "task", "columns", "search", "split")
    return Spec.from_json({name: manifest["spec"][name] for name in needed})


def _about(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What `pipeline.about_of` said of the first model."""
    return {
        "model": manifest["model"],
        "run": manifest["run_id"],
        "version_time": manifest["version"].partition("-")[0],
        "spec_sha256": manifest["spec_sha256"],
    }


def _outcome(
    manifest: Mapping[str, Any], measured: Mapping[str, float], holdout: int, *, is_same_file: bool
) -> Outcome:
    version, recorded = manifest["version"], manifest["metrics"]
    off = [name for name, value in recorded.items() if not _same(value, measured.get(name))]
    if not off:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in measured.items())
        file = "The model file is the same, byte for byte." if is_same_file else "The model file has other bytes."
        text = f"Version {version} was reproduced: {numbers} on {holdout:,} holdout rows, as in its manifest. {file}"
        return Outcome(version=version, message=text, status="reproduced")
    numbers = ", ".join(f"{name} {measured.get(name)!r} instead of {recorded[name]!r}" for name in off)
    text = f"Version {version} came out differently on {holdout:,} holdout rows: {numbers}. {_libraries(manifest)}"
    return Outcome(version=version, message=text, status="differs")


def _same(recorded: float | None, measured: float | None) -> bool:
    if recorded is None or measured is None:  # JSON has no NaN
        return recorded is None and (measured is None or math.isnan(measured))
    return math.isclose(recorded, measured, rel_tol=TOLERANCE)


def _libraries(manifest: Mapping[str, Any]) -> str:
    """Which libraries are others than then: the likeliest reason."""
    now, then = provenance.libraries(), manifest["libraries"]
    changed = [
        f"{name} {then.get(name)} then, {now.get(name)} now"
        for name in sorted({*now, *then})
        if now.get(name) != then.get(name)
    ]
    return f"Libraries have changed: {'; '.join(changed)}." if changed else "The libraries are the same as then."
