"""Pauses between the repetitions of a storage call."""

from __future__ import annotations

from itertools import pairwise

import pytest

from automl.pauses import RETRIES, pause


def test_the_first_pause_is_short_and_all_together_are_bounded() -> None:
    longest = [pause(count)[1] for count in range(1, RETRIES + 1)]
    assert longest[0] == pytest.approx(0.045)
    assert sum(longest) < 8


def test_each_pause_is_spread_and_each_later_one_is_longer() -> None:
    spans = [pause(count) for count in range(1, RETRIES + 1)]
    assert all(3 * least == pytest.approx(most) for least, most in spans)
    assert all(most < later for (_, most), (later, _) in pairwise(spans))
