"""Distances agree with scipy's, and their bounds are what chance alone does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from automl.evaluation import divergence
from automl.evaluation.discoveries import adjusted

COUNTS = st.integers(2, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(0, 500), min_size=bins, max_size=bins).filter(any)] * 2)
)


@given(COUNTS)
def test_js_is_scipys_distance_in_bits(counts: tuple[list[int], list[int]]) -> None:
    reference, current = (np.array(side) for side in counts)
    # scipy takes the root of a rounding error for equal shares
    assert divergence.js(reference, current) == pytest.approx(jensenshannon(reference, current, base=2), abs=1e-6)


@given(COUNTS)
def test_ks_is_that_of_the_binned_samples(counts: tuple[list[int], list[int]]) -> None:
    reference, current = (np.array(side) for side in counts)
    samples = [np.repeat(np.arange(len(side)), side) for side in (reference, current)]
    assert divergence.ks(reference, current) == pytest.approx(stats.ks_2samp(*samples).statistic)


@given(COUNTS)
def test_psi_is_symmetric_never_negative_and_finite_with_empty_bins(counts: tuple[list[int], list[int]]) -> None:
    reference, current = (np.array(side) for side in counts)
    found = divergence.psi(reference, current)
    assert np.isfinite(found)
    assert found >= 0
    assert found == pytest.approx(divergence.psi(current, reference))


@pytest.mark.parametrize(("n", "m", "bins"), [(5_000, 1_000, 10), (800, 20_000, 5), (1_000, 1_000, 20)])
def test_without_a_change_psi_and_js_exceed_their_bounds_five_times_in_a_hundred(n: int, m: int, bins: int) -> None:
    rng = np.random.default_rng(bins)
    shares = rng.dirichlet(np.full(bins, 5.0))
    drawn = [(rng.multinomial(n, shares), rng.multinomial(m, shares)) for _ in range(3_000)]
    found = np.array([(divergence.psi(*pair), divergence.js(*pair), divergence.ks(*pair)) for pair in drawn])
    limits = np.array([divergence.bounds(*pair) for pair in drawn])
    psi, js, ks = (found > limits).mean(axis=0)
    assert psi == pytest.approx(0.05, abs=0.013)  # 3 standard errors
    assert js == pytest.approx(0.05, abs=0.013)
    assert ks <= 0.05  # binning makes it rarer


def test_without_a_change_p_values_are_uniform_and_with_one_they_are_small() -> None:
    rng = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    same = [divergence.p_value(rng.multinomial(4_000, shares), rng.multinomial(900, shares)) for _ in range(2_000)]
    assert stats.kstest(same, "uniform").statistic < 0.04
    tilted = shares * np.linspace(0.6, 1.4, 10)
    assert divergence.p_value(rng.multinomial(4_000, shares), rng.multinomial(4_000, tilted)) < 1e-6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    np.testing.assert_allclose(adjusted(p_values), stats.false_discovery_control(p_values))


def test_no_columns_give_no_adjusted_p_values() -> None:
    assert adjusted([]).tolist() == []
