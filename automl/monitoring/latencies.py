"""How long answers took, counted by version and day in bins of a factor: added up, they give medians of any days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from automl.log.reader import hour_of
from automl.monitoring.state import State

DAYS_KEPT = 90

LEAST_US = 10.0
"""The middle of the first bin, in microseconds; what was quicker is counted there."""

BINS_AN_OCTAVE = 4
"""Bins between a time and twice that time, so a quantile is at most 9% off."""

Bins = dict[str, Counter[str]]
"""By day (`YYYY-MM-DD`): how many rows each bin has, by its number as text."""


def count(into: Bins, day: str, latencies_us: Iterable[int]) -> None:
    """Add rows of one day, each with the time that its request took in microseconds."""
    times = np.fromiter(latencies_us, dtype=np.float64)
    places = np.rint(BINS_AN_OCTAVE * np.log2(np.maximum(times, LEAST_US) / LEAST_US)).astype(np.int64)
    numbers, rows = np.unique(places, return_counts=True)
    found = into.setdefault(day, Counter())
    for number, amount in zip(numbers.tolist(), rows.tolist(), strict=True):
        found[str(number)] += amount


def keep(state: State, found: Mapping[str, Bins], now: datetime) -> None:
    """Add what a pass has counted, by version, and forget days that are too old."""
    first = hour_of(now, shift=-24 * DAYS_KEPT)[:10]
    for version, days in found.items():
        kept = state.latencies.setdefault(version, {})
        for day, bins in days.items():
            kept[day] = dict(Counter(kept.get(day, {})) + bins)
    for version, kept in list(state.latencies.items()):
        for day in [day for day in kept if day < first]:
            del kept[day]
        if not kept:
            del state.latencies[version]


def told(state: State, version: str, first_day: str) -> dict[str, Any]:
    """How many rows of a version were answered from a day on (`predicted`), and in what time.

    Returns
    -------
    `predicted`, `median_ms` and `p95_ms`; the times are None where nothing was answered.
    """
    whole: Counter[str] = Counter()
    for day, bins in state.latencies.get(version, {}).items():
        if day >= first_day:
            whole.update(bins)
    return {
        "predicted": whole.total(),
        "median_ms": _quantile_ms(whole, 0.5),
        "p95_ms": _quantile_ms(whole, 0.95),
    }


def _quantile_ms(bins: Mapping[str, int], share: float) -> float | None:
    """The middle of the bin in which a share of the rows is reached."""
    seen, wanted = 0, share * sum(bins.values())
    for number in sorted(map(int, bins)):
        seen += bins[str(number)]
        if seen >= wanted:
            return float(LEAST_US * 2 ** (number / BINS_AN_OCTAVE) / 1000)
    return None
