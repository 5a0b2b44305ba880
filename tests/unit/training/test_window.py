from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl.signature import Feature, Signature
from automl.spec_sections import Retrain
from automl.tensors import Tensors
from automl.training.candidates import MIN_WINDOW, Candidate, weighted, windows, with_every_class
from automl.training.window import DAY_MS, Window, choose

FEATURES = (Feature(name="a", type="number"), Feature(name="b", type="number"))
BINARY = Signature(features=FEATURES, target="y", task="classification", classes=("no", "yes"))
NUMBER = Signature(features=FEATURES, target="y", task="regression")


def stream(rows: int, *, changed_at: int, seed: int = 0) -> tuple[Tensors, npt.NDArray[Any]]:
    """Rows whose meaning turns round at one of them; every tenth is noise."""
    rng = np.random.default_rng(seed)
    num = rng.normal(size=(rows, 2))
    truth = num[:, 0] + num[:, 1] > 0
    truth[changed_at:] = ~truth[changed_at:]
    noise = rng.random(rows) < 0.1
    return Tensors(num=num, cat=np.empty((rows, 0), dtype=object)), (truth ^ noise).astype(np.int64)


def pick(setting: Any, tensors: Tensors, target: npt.NDArray[Any], labelled: int, **more: Any) -> Window:
    """Labelled rows are predicted one a minute, unless `predicted_ms` says otherwise."""
    signature, days = more.pop("signature", BINARY), more.pop("days", 30)
    predicted_ms = more.pop("predicted_ms", np.arange(labelled) * 60_000)
    rules = Retrain(window=setting, window_days=days)
    return choose(
        rules,
        signature,
        tensors,
        target,
        predicted_ms=predicted_ms,
        transform=lambda rows: rows.num,
        seed=0,
        **more,
    )


def test_rows_from_before_a_change_are_left_out() -> None:
    window = pick("auto", *stream(8_000, changed_at=6_500), labelled=3_000)
    assert window.probe_rows == 750
    assert window.chosen.expected - window.probe_rows <= 1_000
    assert window.trials[0].loss > 2 * min(trial.loss for trial in window.trials)
    assert "judged on the newest 750 labelled rows" in window.reason


def test_all_rows_are_used_when_nothing_changed() -> None:
    window = pick("auto", *stream(8_000, changed_at=0), labelled=3_000)
    assert window.chosen == Candidate(rows=8_000)
    assert window.of == 8_000


def test_numbers_are_judged_by_their_absolute_error() -> None:
    tensors, _ = stream(6_000, changed_at=0)
    target = tensors.num[:, 0] * np.where(np.arange(6_000) < 4_800, 1.0, -1.0)
    window = pick("auto", tensors, target, labelled=2_000, signature=NUMBER)
    assert window.chosen.expected - window.probe_rows < 1_200


def test_more_classes_than_two_are_judged_too() -> None:
    tensors, target = stream(6_000, changed_at=5_000)
    three = Signature(features=FEATURES, target="y", task="classification", classes=("a", "b", "c"))
    target[tensors.num[:, 0] > 1.5] = 2
    assert pick("auto", tensors, target, labelled=2_000, signature=three).chosen.expected < 2_000


def test_few_labelled_rows_choose_nothing() -> None:
    window = pick("auto", *stream(5_000, changed_at=4_900), labelled=199)
    assert (window.chosen.rows, window.trials) == (5_000, ())
    assert "too few" in window.reason


def test_the_spec_decides_when_it_says_a_number_or_all() -> None:
    tensors, target = stream(5_000, changed_at=4_000)
    assert pick("all", tensors, target, 2_000).chosen.rows == 5_000
    assert pick(1_200, tensors, target, 2_000).chosen.rows == 1_200
    assert pick(9_000, tensors, target, 2_000).chosen.rows == 5_000


def test_the_choice_is_told_in_plain_json() -> None:
    told = pick("auto", *stream(4_000, changed_at=3_000), labelled=2_000).to_json()
    assert [sorted(item) for item in told["candidates"]] == [["error", "half_life", "loss", "rows"]] * len(
        told["candidates"]
    )
    assert told["of"] == 4_000


def test_a_class_that_left_the_window_keeps_its_newest_rows() -> None:
    target = np.array([2, 2, 2, 0, 1, 2, 0, 1, 0, 1, 0, 1])
    assert with_every_class(target, np.arange(8, 12), classes=3, least=2).tolist() == [2, 5, 8, 9, 10, 11]
    assert with_every_class(target, np.arange(12), classes=3, least=2).tolist() == list(range(12))
    assert with_every_class(target, np.array([4, 7, 9, 11]), classes=3, least=2).tolist() == [
        2,
        4,
        5,
        7,
        8,
        9,
        10,
        11,
    ]
    assert with_every_class(np.linspace(0, 1, 5), np.array([3, 4]), classes=0, least=2).tolist() == [3, 4]


def test_a_sample_by_recency_halves_with_each_half_life_back_and_repeats_by_its_seed() -> None:
    sample = Candidate(rows=40_000, half_life=4_000)
    places = sample.places(50_000, seed=1)
    assert places.tolist() == sample.places(50_000, seed=1).tolist()
    assert places.tolist() != sample.places(50_000, seed=2).tolist()
    assert places.min() >= 10_000
    assert np.all(np.diff(places) > 0)
    newest, before = (int(((places >= start) & (places < start + 4_000)).sum()) for start in (46_000, 42_000))
    assert newest / before == pytest.approx(2, rel=0.1)
    assert len(places) == pytest.approx(sample.expected, rel=0.05)


def test_candidates_are_never_smaller_than_a_window_may_be() -> None:
    assert [candidate.rows for candidate in windows(4_100, of_days=700)] == [4_100, 2_050, 1_025, 700, 512]
    assert [candidate.rows for candidate in windows(4_100, of_days=-50)] == [4_100, 2_050, 1_025, 512]
    assert [candidate.half_life for candidate in weighted(40_000)] == [10_000, 2_500, 625]
    assert all(candidate.expected >= MIN_WINDOW for candidate in weighted(40_000))


def test_weighting_by_recency_takes_the_half_life_that_does_best() -> None:
    rng = np.random.default_rng(3)
    tensors, _ = stream(9_000, changed_at=0)
    turn = np.linspace(0, np.pi, 9_000)  # the concept turns slowly: no border parts old from new
    target = (tensors.num[:, 0] * np.cos(turn) + tensors.num[:, 1] * np.sin(turn) > 0) ^ (rng.random(9_000) < 0.05)
    window = pick("recency", tensors, target.astype(np.int64), 4_000)
    assert {trial.candidate.half_life for trial in window.trials} == {2_000, 500}
    assert window.chosen == Candidate(rows=9_000, half_life=500)
    assert "thins by half every 500 rows" in window.reason


def test_recency_without_enough_labels_has_a_half_life_of_a_quarter() -> None:
    window = pick("recency", *stream(4_000, changed_at=0), labelled=50)
    assert window.chosen == Candidate(rows=4_000, half_life=1_000)


def test_the_last_days_are_counted_back_from_the_newest_labelled_row() -> None:
    tensors, target = stream(6_000, changed_at=0)
    day = np.arange(3_000) * (DAY_MS // 100)  # a hundred a day
    assert pick("days", tensors, target, 3_000, predicted_ms=day, days=10).chosen.rows == 1_001
    few = pick("days", tensors, target, 3_000, predicted_ms=day, days=1)
    assert few.chosen.rows == MIN_WINDOW
    assert "101 labelled rows, so the newest 500 rows are used" in few.reason


def test_the_last_days_are_tried_beside_the_other_windows() -> None:
    tensors, target = stream(9_000, changed_at=0)
    day = np.arange(4_000) * (DAY_MS // 100)
    window = pick("auto", tensors, target, 4_000, predicted_ms=day, days=23)
    assert window.probe_rows == 1_000
    assert 1_301 in [trial.candidate.rows for trial in window.trials if trial.candidate.half_life is None]
