"""Importance belongs to the columns that a model reads."""

from __future__ import annotations

import numpy as np
import pytest

from automl.parsing import parse_records
from automl.signature import Signature
from automl.tensors import Tensors
from automl.training.importance import importances
from tests.support import models


def rows(count: int = 1_000) -> Tensors:
    rng = np.random.default_rng(0)
    records = [
        {"age": age, "job": ("clerk", "baker")[job], "since": since, "member": bool(member)}
        for age, job, since, member in zip(
            rng.uniform(0, 80, count).tolist(),
            rng.integers(0, 2, count).tolist(),
            rng.uniform(0, 1e9, count).tolist(),
            rng.integers(0, 2, count).tolist(),
            strict=True,
        )
    ]
    return parse_records(models.CLASSIFIER, records)


@pytest.mark.parametrize("signature", [models.CLASSIFIER, models.REGRESSOR])
def test_columns_that_the_model_does_not_read_have_none(signature: Signature) -> None:
    held = models.session(signature)
    given = rows()
    scores = held.score(given)
    target = (
        np.array([held.class_names.index(str(label)) for label in scores.labels])
        if scores.probabilities is not None
        else np.asarray(scores.labels)
    )
    found = importances(held, given, target, seed=0)
    assert found is not None
    assert sum(found.values()) == pytest.approx(1)
    assert found["member"] == 0
    assert found["age"] > found["job"] > 0


def test_a_model_that_always_answers_the_same_has_none() -> None:
    held = models.session(models.CLASSIFIER, bias=1e3)
    assert importances(held, rows(), np.ones(1_000, dtype=np.int64), seed=0) is None


def test_the_same_seed_gives_the_same_importance() -> None:
    held, given = models.session(), rows()
    target = np.arange(1_000) % 2
    assert importances(held, given, target, seed=3) == importances(held, given, target, seed=3)
