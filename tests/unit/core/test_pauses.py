"""Pauses between the repetitions of a storage call."""

from __future__ import annotations

import pytest

from automl.pauses import RETRIES, ShortFirst


def test_the_first_pause_is_short_and_all_together_are_bounded() -> None:
    policy = ShortFirst(RETRIES, uniform=lambda low, high: (low + high) / 2)
    pauses = [policy.get_backoff_time({"count": count}) for count in range(1, RETRIES + 1)]
    assert pauses == pytest.approx([0.03, 0.15, 0.75, 3.75])


def test_each_pause_is_spread_so_that_instances_which_failed_together_come_back_apart() -> None:
    least = ShortFirst(RETRIES, uniform=min)
    most = ShortFirst(RETRIES, uniform=max)
    assert least.get_backoff_time({"count": 2}) == pytest.approx(0.075)
    assert most.get_backoff_time({"count": 2}) == pytest.approx(0.225)
