"""Two columns, a hand-made model and its real baseline: what the tests of drift predict with."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import orjson

from automl.monitoring.drift_reference import Reference
from automl.parsing import parse_records
from automl.signature import Signature
from automl.spec import Spec
from automl.tensors import Tensors, to_records
from automl.training.baseline import baseline
from automl.training.calibration import calibration
from automl.training.infer import describe
from tests.support import models
from tests.support.replay import Replay

ROWS = 4_000


def records(count: int, *, seed: int, age: float = 40, baker: float = 0.5, **fixed: Any) -> list[dict[str, Any]]:
    """Rows of normal ages about a mean, a share of bakers, and members by chance."""
    rng = np.random.default_rng(seed)
    ages = rng.normal(age, 10, count).tolist()
    jobs = np.where(rng.random(count) < baker, "baker", "clerk").tolist()
    members = (rng.random(count) < 0.5).tolist()
    return [
        {"age": years, "job": job, "since": 1e9 + 1e6 * years, "member": member} | fixed
        for years, job, member in zip(ages, jobs, members, strict=True)
    ]


@cache
def trained() -> tuple[Signature, Tensors]:
    """The signature as training describes it, and the rows it saw."""
    rows = parse_records(models.CLASSIFIER, records(ROWS, seed=0))
    return describe(models.CLASSIFIER, rows), rows


def baseline_of(importance: dict[str, float] | None = None) -> dict[str, Any]:
    """The baseline of those rows."""
    signature, rows = trained()
    scores = models.session(signature).score(rows)
    assert scores.probabilities is not None
    answers = scores.labels
    return baseline(
        signature,
        rows,
        truth=answers,
        answers=answers,
        probabilities=scores.probabilities,
        importance=importance or {"age": 0.7, "job": 0.3, "since": 0.0, "member": 0.0},
    )


@cache
def reference() -> Reference:
    """What the rows of that version are counted by."""
    found = Reference.read("v1", trained()[0], baseline_of())
    assert found is not None
    return found


def begun(importance: dict[str, float] | None = None) -> Replay:
    """A champion with that baseline."""
    replay = Replay(Spec.from_json({"name": "adult", "target": "income", "task": "classification"}))
    add_version(replay, "v1", importance)
    return replay


def calibration_of(right: float) -> dict[str, Any]:
    """The calibration of a model whose answers were right in that share of the holdout, whatever they were."""
    signature, rows = trained()
    scores = models.session(signature).score(rows)
    assert scores.probabilities is not None
    answers = np.array([signature.classes.index(label) for label in scores.labels])
    truth = np.where(np.random.default_rng(9).random(len(answers)) < right, answers, 1 - answers)
    found = calibration(truth, scores.probabilities)
    assert found is not None
    return found


def add_version(
    replay: Replay, version: str, importance: dict[str, float] | None = None, calibrated: float | None = None
) -> None:
    """Publish and register a version with that baseline."""
    files = {"baseline.json": orjson.dumps(baseline_of(importance))}
    files |= {} if calibrated is None else {"calibration.json": orjson.dumps(calibration_of(calibrated))}
    models.publish(replay.registry, version, signature=trained()[0], files=files)


def as_logged(signature: Signature, rows: Tensors) -> list[dict[str, Any]]:
    """Prediction records of those rows, as the log holds them but for their ids."""
    scores = models.session(signature).score(rows)
    assert scores.probabilities is not None
    answered = zip(to_records(signature, rows), scores.labels, scores.probabilities.tolist(), strict=True)
    common = {"version": "v1", "role": "champion", "at": 1_795_190_400_000}
    return [
        {**common, "features": row, "prediction": label, "probabilities": shares} for row, label, shares in answered
    ]
