"""What the bets promise, simulated through the code that makes them."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.evaluation.betting import Floats, Wealth, bet

ALPHA = 0.01


def _differences(rng: np.random.Generator, rows: int, *, worse: float, discordance: float = 0.12) -> Floats:
    """Rows on which either model alone is wrong, `discordance` of them, the new one by `worse` more often."""
    drawn = rng.random(rows)
    lost, won = drawn < (discordance + worse) / 2, drawn >= 1 - (discordance - worse) / 2
    return lost.astype(float) - won


def _found(*, worse: float, runs: int, seed: int, discordance: float = 0.12) -> list[float]:
    """The row at which each of some models is found to be worse, infinite for never within 5,000."""
    rng = np.random.default_rng(seed)
    rows = [_differences(rng, 5_000, worse=worse, discordance=discordance) for _ in range(runs)]
    return [bet(Wealth(), one, ALPHA)[1] or np.inf for one in rows]


@pytest.mark.parametrize("discordance", [0.02, 0.12, 0.4])
def test_an_equal_model_is_hardly_ever_called_worse_however_long_it_is_watched(discordance: float) -> None:
    found = np.array(_found(worse=0.0, runs=1_000, seed=1, discordance=discordance))
    assert np.isfinite(found).mean() <= ALPHA


def test_a_better_model_is_never_called_worse() -> None:
    assert set(_found(worse=-0.01, runs=500, seed=2)) == {np.inf}


def test_five_points_are_found_within_six_hundred_rows() -> None:
    found = _found(worse=0.05, runs=500, seed=3)
    assert np.median(found) <= 600
    assert max(found) < 5_000


def test_a_model_that_is_far_worse_is_found_within_a_hundred_rows() -> None:
    assert np.median(_found(worse=0.2, runs=200, seed=4, discordance=0.3)) <= 100


@given(
    losses=st.lists(st.floats(-1, 1), max_size=300),
    cuts=st.lists(st.integers(0, 300), max_size=6),
)
def test_the_same_rows_give_the_same_wealth_however_passes_cut_them(losses: list[float], cuts: list[int]) -> None:
    whole, reached = bet(Wealth(), np.array(losses), ALPHA)
    part, first = Wealth(), None
    for start, stop in itertools.pairwise([0, *sorted(min(cut, len(losses)) for cut in cuts), len(losses)]):
        part, found = bet(part, np.array(losses[start:stop]), ALPHA)
        first = first or found
    assert (part.n, first) == (whole.n, reached)
    assert np.allclose([*part.logs, part.total, part.peak], [*whole.logs, whole.total, whole.peak])


def test_a_wealth_survives_being_stored() -> None:
    kept, _ = bet(Wealth(), _differences(np.random.default_rng(5), 100, worse=0.1), ALPHA)
    assert Wealth.from_json(json.loads(json.dumps(kept.to_json()))) == kept


def test_the_first_row_that_proves_it_is_named_even_where_later_rows_speak_against_it() -> None:
    rows = np.concatenate([np.ones(40), -np.ones(200)])
    after, reached = bet(Wealth(n=7), rows, ALPHA)
    assert reached is not None
    assert bet(Wealth(), rows[: reached - 7], ALPHA)[1] == reached - 7
    assert bet(Wealth(), rows[: reached - 8], ALPHA)[1] is None
    assert after.peak >= 1 / ALPHA > after.e_value


def test_endless_evidence_stays_finite() -> None:
    after, _ = bet(Wealth(), np.ones(20_000), ALPHA)
    assert np.isfinite(after.e_value)
    assert after.mean == 1.0
