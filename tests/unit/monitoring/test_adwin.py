"""What the early warning promises: it tells of rises alone, soon, and hardly ever of nothing."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.monitoring import adwin
from automl.monitoring.adwin import Rise, Window, observe

DELTA = 0.002


def errors(*parts: tuple[float, int], seed: int) -> npt.NDArray[np.float64]:
    """Errors of parts of a stream, each of a rate and a length."""
    rng = np.random.default_rng(seed)
    return np.concatenate([(rng.random(length) < rate).astype(float) for rate, length in parts])


def plainly(losses: npt.NDArray[np.float64], batch: int = 50) -> list[int]:
    """The labels at which a window without any histogram is cut, whichever way the mean goes."""
    start, cuts = 0, []
    for end in range(batch, len(losses) + 1, batch):
        places = range(start + batch, end, batch)
        beyond = {middle: _beyond(losses[start:middle], losses[middle:end]) for middle in places}
        clearest = max(beyond, key=beyond.__getitem__, default=None)
        if clearest is not None and beyond[clearest] > 0:
            start = clearest
            cuts.append(end)
    return cuts


def _beyond(older: npt.NDArray[np.float64], newer: npt.NDArray[np.float64]) -> float:
    whole = np.concatenate([older, newer])
    m = 1 / (1 / len(older) + 1 / len(newer))
    log = math.log(2 / (DELTA / math.log(len(whole))))
    bound = math.sqrt(2 / m * whole.var() * log) + 2 / (3 * m) * log
    return float(abs(older.mean() - newer.mean()) - bound)


def test_a_rise_of_five_points_is_told_within_a_thousand_labels_or_so() -> None:
    delays = []
    for seed in range(20):
        _, rises = observe(Window(delta=DELTA), errors((0.1, 5_000), (0.15, 5_000), seed=seed))
        delays.append(rises[0].labels - 5_000 if rises else math.inf)
    assert np.median(delays) <= 1_300
    assert min(delays) > 0


def test_a_steady_stream_is_told_of_nothing() -> None:
    told = [observe(Window(delta=DELTA), errors((0.1, 20_000), seed=seed))[1] for seed in range(20)]
    assert told == [[]] * 20


def test_a_fall_of_the_loss_moves_the_window_and_is_not_told() -> None:
    window, rises = observe(Window(delta=DELTA), errors((0.4, 2_000), (0.1, 2_000), seed=1))
    assert rises == []
    assert sum(bucket.n for bucket in window.buckets) <= 2_100


def test_a_rise_says_what_it_was_before_and_is_since() -> None:
    _, (rise, *_) = observe(Window(delta=DELTA), errors((0.1, 4_000), (0.5, 1_000), seed=2))
    assert rise.before.mean == pytest.approx(0.1, abs=0.02)
    assert rise.since.mean == pytest.approx(0.5, abs=0.15)
    assert rise.labels == rise.before.n + rise.since.n


def test_one_change_is_told_once() -> None:
    told = [len(observe(Window(delta=DELTA), errors((0.1, 4_000), (0.3, 4_000), seed=seed))[1]) for seed in range(10)]
    assert sorted(told)[:8] == [1] * 8
    assert max(told) <= 2


def test_it_cuts_where_the_paper_s_test_says_while_no_bucket_is_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adwin, "SAME_SIZE", 10_000)
    for seed in range(4):
        losses = errors((0.1, 1_200), (0.4, 700), (0.7, 600), seed=seed)
        rises = [rise.labels for rise in observe(Window(delta=DELTA), losses)[1]]
        assert rises
        assert rises == plainly(losses)


def test_a_million_losses_take_few_buckets() -> None:
    window, _ = observe(Window(delta=DELTA, batch=1_000), errors((0.1, 1_000_000), seed=3))
    assert len(window.buckets) <= adwin.SAME_SIZE * math.ceil(math.log2(1_000))
    assert sum(bucket.n for bucket in window.buckets) == 1_000_000


@given(seed=st.integers(0, 99), cuts=st.lists(st.integers(0, 1_500), max_size=6))
def test_the_same_labels_give_the_same_rises_however_passes_cut_them(seed: int, cuts: list[int]) -> None:
    losses = errors((0.1, 800), (0.6, 700), seed=seed)
    whole, told = observe(Window(delta=DELTA), losses)
    part, found = Window(delta=DELTA), list[Rise]()
    for start, stop in itertools.pairwise([0, *sorted(cuts), 1_500]):
        part, rises = observe(part, losses[start:stop])
        part = Window.from_json(json.loads(json.dumps(part.to_json())))
        found += rises
    assert part == whole
    assert found == told
