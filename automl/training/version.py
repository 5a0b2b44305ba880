"""What a version consists of: the contents of its files and of its manifest."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from automl.evaluation import metrics
from automl.events import iso
from automl.export.parity import ParityReport
from automl.run import Run
from automl.scoring.session import Scores
from automl.signature import Label, Signature
from automl.spec import Spec
from automl.tensors import Tensors
from automl.training import heldout, provenance
from automl.training.baseline import baseline
from automl.training.calibration import calibration
from automl.training.heldout import Heldout
from automl.training.labelled import Added
from automl.training.rowhash import row_hashes
from automl.training.search import Found
from automl.training.split import Split
from automl.training.stacks import members_of
from automl.training.window import Window

FORMAT = 1
"""Version of the manifest and the files beside it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """A model that was exported, with what it was trained and judged on.

    Parameters
    ----------
    golden
        Requests with their answers.
    train_target, holdout_target
        Class codes, or numbers.
    answers
        To the holdout, from the exported model.
    metric
        What the search optimised.
    importance
        Share of each column in what the model knows.
    """

    signature: Signature
    onnx: bytes
    golden: list[dict[str, Any]]
    train: Tensors
    train_target: npt.NDArray[Any]
    holdout: Tensors
    holdout_target: npt.NDArray[Any]
    answers: Scores
    metric: str
    seed: int
    importance: Mapping[str, float] | None


def files_of(made: Made) -> tuple[dict[str, bytes], dict[str, float]]:
    """The files of a version by name, without its manifest; and its holdout metrics."""
    signature, truth = made.signature, _truth(made.signature, made.holdout_target)
    held = Heldout(
        tensors=made.holdout,
        truth=made.holdout_target,
        hashes=row_hashes(signature, made.holdout, made.holdout_target),
    )
    measured = measure(signature, made.holdout_target, made.answers)
    summary = {
        "metric": made.metric,
        "holdout": measured,
        "n_holdout": len(made.holdout),
        "n_train": len(made.train),
    }
    reference = baseline(
        signature,
        made.train,
        truth=truth,
        answers=made.answers.labels,
        probabilities=made.answers.probabilities,
        importance=made.importance,
    )
    files = {
        "model.onnx": made.onnx,
        "signature.json": orjson.dumps(signature.to_json()),
        "baseline.json": orjson.dumps(reference),
        "golden.json": orjson.dumps(made.golden),
        "metrics.json": orjson.dumps(summary),
        "rows.npy": _npy(np.sort(row_hashes(signature, made.train, made.train_target))),
        "holdout.npz": heldout.dump(held, seed=made.seed),
    }
    if made.answers.probabilities is not None:
        curves = calibration(made.holdout_target, made.answers.probabilities)
        if curves is not None:
            files["calibration.json"] = orjson.dumps(curves)
    return files, measured


def manifest_of(
    run: Run,
    spec: Spec,
    *,
    version: str,
    created: datetime,
    data: dict[str, Any],
    added: Added | None,
    window: Window | None,
    split: Split,
    found: Found,
    parity: ParityReport,
    metrics: dict[str, float],
) -> dict[str, Any]:
    """The manifest of a version; the registry adds the hashes of its files."""
    trained_until = added.newest if added is not None and added.newest else run.at
    return {
        "format": FORMAT,
        "model": run.model,
        "version": version,
        "run_id": run.id,
        "created": iso(created),
        "cause": dict(run.cause),
        "spec": spec.to_json(),
        "spec_sha256": spec.sha256,
        "data": data,
        "labelled": added.to_json(run.labelled) if added is not None and run.labelled is not None else None,
        "window": window.to_json() if window is not None else None,
        "split": {"kind": split.kind, "train": len(split.train), "holdout": len(split.holdout)},
        "trained_until": trained_until,
        "config": {
            "estimator": found.estimator,
            "hyperparameters": found.config,
            "stack": members_of(found.model),
        },
        "starting_points": found.starting_points,
        "search": {
            "metric": found.metric,
            "best_loss": found.best_loss,
            "trials": found.trials,
            "seconds": round(found.seconds, 1),
            "threads": found.threads,
        },
        "metrics": metrics,
        "libraries": provenance.libraries(),
        "python": provenance.python(),
        "git": provenance.commit(),
        "parity": parity.to_json(),
    }


def measure(signature: Signature, target: npt.NDArray[Any], answers: Scores) -> dict[str, float]:
    """The metrics of a model's answers to its holdout, by name.

    Parameters
    ----------
    target
        Class codes, or numbers.
    """
    if signature.task == "regression":
        return metrics.regression(target, np.asarray(answers.labels, dtype=np.float64))
    predicted = metrics.codes(answers.labels, signature.classes)
    return metrics.classification(target, predicted, answers.probabilities)


def _truth(signature: Signature, target: npt.NDArray[Any]) -> Sequence[Label | float]:
    if signature.task == "regression":
        numbers: list[float] = target.tolist()
        return numbers
    return [signature.classes[code] for code in target.tolist()]


def _npy(array: npt.NDArray[Any]) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=False)
    return sink.getvalue()
