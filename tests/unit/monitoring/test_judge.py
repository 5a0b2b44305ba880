"""Judging without any truth, on holdout rows that neither model has seen; and what makes two models incomparable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl import events
from automl.evaluation.paired import Loss
from automl.monitoring import judge
from automl.monitoring.contest import Incomparable, open_contest
from automl.tensors import Tensors
from automl.training.heldout import Heldout
from tests.support.replay import Replay
from tests.support.thresholds import begun, publish, told


def held(rows: int, concept: float, *, seed: int = 0) -> Heldout:
    """Holdout rows with hashes 0, 1, 2, …"""
    x = np.random.default_rng(seed).random((rows, 1))
    return Heldout(
        tensors=Tensors(num=x, cat=np.empty((rows, 0), dtype=object)),
        truth=(x[:, 0] > concept).astype(np.int64),
        hashes=np.arange(rows, dtype=np.uint64),
    )


def challenged(
    threshold: float,
    rows: Heldout,
    *,
    champion_saw: tuple[int, ...] = (),
    spec: dict[str, Any] | None = None,
    **options: object,
) -> Replay:
    """A champion at 0.9 and a challenger with its own holdout; no truth has ever come."""
    replay = begun(**(spec or {}))
    replay.registry.register(replay.model, publish(replay, "v2", 0.9, trained_on=champion_saw))
    replay.registry.promote(replay.model, "v2", "For the test.")
    replay.registry.register(replay.model, publish(replay, "v3", threshold, held=rows, **options))  # type: ignore[arg-type]
    return replay


def test_without_any_truth_a_better_challenger_is_promoted_once_on_rows_new_to_both() -> None:
    replay = challenged(0.5, held(1000, 0.5), champion_saw=tuple(range(600)))
    text = replay.watch().decisions[-1]
    assert "no truth has ever come" in text
    assert "400 holdout rows" in text
    assert replay.registry.pointer(replay.model).champion == "v3"


def test_without_any_truth_an_equal_challenger_is_kept_out() -> None:
    replay = challenged(0.9, held(1000, 0.5))
    assert "does not replace champion v2" in replay.watch().decisions[-1]
    pointer = replay.registry.pointer(replay.model)
    assert (pointer.champion, pointer.challenger) == ("v2", None)


def test_when_the_champion_has_seen_the_holdout_there_is_no_verdict() -> None:
    replay = challenged(0.5, held(1000, 0.5), champion_saw=tuple(range(950)))
    assert "Only 50 of its holdout rows are new to the champion" in replay.watch().decisions[-1]
    assert events.history(replay.storage, replay.model)[-1].kind == "undecided"


def test_models_of_different_columns_are_not_compared_on_a_holdout() -> None:
    x = held(500, 0.5)
    wide = Heldout(
        tensors=Tensors(num=np.repeat(x.tensors.num, 2, axis=1), cat=x.tensors.cat), truth=x.truth, hashes=x.hashes
    )
    replay = challenged(0.5, wide, names=("x", "y"))
    assert "undecided" in replay.watch().decisions[-1]
    assert replay.registry.pointer(replay.model).champion == "v2"


def test_rows_count_as_unseen_from_the_oldest_held_back_row_of_either_model() -> None:
    replay = begun()
    labelled = {"held_from": "2026-11-20T18:00:00.000Z"}
    publish(replay, "a", 0.5, trained_until="2026-11-20T17:00:00.000Z", labelled=labelled)
    publish(replay, "b", 0.5, trained_until="2026-11-20T15:00:00.000Z")
    alone = judge.unseen_since(replay.registry, replay.model, ["b"])
    both = judge.unseen_since(replay.registry, replay.model, ["a", "b"])
    assert both - alone == 3 * 3_600_000 - 1  # rows of the last trained millisecond are not new


def test_losses_of_both_models_are_those_of_their_own_answers() -> None:
    replay = begun()
    publish(replay, "v2", 0.7)
    told(replay, 50, concept=0.6, seed=1)
    contest = open_contest(replay.registry, replay.model, "v1", "v2")
    sample = contest.sample([{"x": 0.55}, {"x": 0.65}, {"x": 0.8}], [0, 1, 1])
    assert (sample.champion.tolist(), sample.challenger.tolist()) == ([1, 0, 0], [0, 1, 0])
    assert contest.loss == Loss(kind="error")


def test_a_challenger_for_another_target_is_incomparable() -> None:
    replay = begun()
    publish(replay, "v2", 0.7, target="low")
    with pytest.raises(Incomparable, match="predicts 'low'"):
        open_contest(replay.registry, replay.model, "v1", "v2")
