from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl.errors import InvalidInput
from automl.spec import Spec
from automl.training.split import kind_for, split


def spec(**more: Any) -> Spec:
    return Spec.from_json({"name": "m", "target": "y", **more})


@pytest.mark.parametrize("kind", ["stratified", "random", "time"])
def test_every_row_is_in_one_part(kind: Any) -> None:
    target = np.arange(100) % 3
    parts = split(kind, target, holdout=0.2, seed=0, order=np.arange(100.0))
    assert sorted([*parts.train, *parts.holdout]) == list(range(100))
    assert len(parts.holdout) == 20


@pytest.mark.parametrize("kind", ["stratified", "random"])
def test_the_same_seed_gives_the_same_parts_and_another_seed_others(kind: Any) -> None:
    target = np.arange(200) % 2
    first, again, other = (split(kind, target, holdout=0.2, seed=seed).holdout.tolist() for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_stratified_holdout_has_the_classes_in_their_proportions() -> None:
    target = np.array([0] * 700 + [1] * 250 + [2] * 50)
    held = target[split("stratified", target, holdout=0.2, seed=1).holdout]
    assert np.abs(np.bincount(held) - [140, 50, 10]).max() <= 1


@pytest.mark.parametrize("kind", ["stratified", "random", "time"])
def test_every_class_is_among_the_training_rows_however_rare(kind: Any) -> None:
    for seed in range(20):
        target = np.array([0] * 60 + [1] * 38 + [2] * 2)
        parts = split(kind, target, holdout=0.5, seed=seed, order=np.arange(100.0))
        assert set(target[parts.train]) == {0, 1, 2}
        assert not set(parts.train) & set(parts.holdout)


def test_a_split_by_time_holds_the_newest_rows_out() -> None:
    order = np.random.default_rng(0).permutation(100).astype(float)
    order[order == 3] = np.nan
    parts = split("time", np.arange(100.0), holdout=0.25, seed=0, order=order)
    assert order[parts.holdout].min() > np.nanmax(order[parts.train])
    assert np.isnan(order[parts.train[0]])


def test_rows_of_one_moment_stay_in_their_order() -> None:
    parts = split("time", np.arange(10.0), holdout=0.2, seed=0, order=np.zeros(10))
    assert parts.train.tolist() == list(range(8))


def test_the_kind_follows_from_task_and_time_column() -> None:
    assert kind_for(spec(), "classification") == "stratified"
    assert kind_for(spec(), "regression") == "random"
    assert kind_for(spec(columns={"time": "t"}), "regression") == "time"
    assert kind_for(spec(columns={"time": "t"}, split={"kind": "random"}), "classification") == "random"


def test_kinds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match="random or time for a regression"):
        kind_for(spec(split={"kind": "stratified"}), "regression")
    with pytest.raises(InvalidInput, match="no time column"):
        kind_for(spec(split={"kind": "time"}), "classification")
