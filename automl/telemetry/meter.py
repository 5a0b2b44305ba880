"""Counts in plain numbers, cheap enough for every request.

A histogram and a counter of OpenTelemetry's together take nearly nine times as long as these; docs/decisions/052 has
the numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from automl.telemetry.metrics import Metric

_Key = tuple[Any, ...]
"""A metric and the values of its dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One series of a metric since it was last taken.

    Parameters
    ----------
    dimensions
        Values, in the order of the metric's own `dimensions`.
    count, total, least, most
        Of the values measured. A counter has its increase in `total`, a gauge its value in all but `count`.
    """

    metric: Metric
    dimensions: tuple[str, ...]
    count: int
    total: float
    least: float
    most: float


class Meter:
    """The numbers of one process. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[_Key, float] = {}
        self._spreads: dict[_Key, list[float]] = {}
        self._gauges: dict[_Key, float] = {}
        self._followed: list[tuple[_Key, Callable[[], float], list[float]]] = []

    def add(self, metric: Metric, value: float, *dimensions: str) -> None:
        """Increase a counter."""
        key = (metric, *dimensions)
        with self._lock:
            self._sums[key] = self._sums.get(key, 0.0) + value

    def observe(self, metric: Metric, value: float, *dimensions: str) -> None:
        """Put a value into a histogram."""
        key = (metric, *dimensions)
        with self._lock:
            spread = self._spreads.get(key)
            if spread is None:
                self._spreads[key] = [1, value, value, value]
                return
            spread[0] += 1
            spread[1] += value
            if value < spread[2]:  # half the time of min and max, on every request
                spread[2] = value
            elif value > spread[3]:
                spread[3] = value

    def set(self, metric: Metric, value: float, *dimensions: str) -> None:
        """Say the value of a gauge; it stands until it is said anew."""
        with self._lock:
            self._gauges[metric, *dimensions] = value

    def forget(self, metric: Metric, first: str) -> None:
        """Let go of the gauges whose first dimension has that value."""
        with self._lock:
            for key in [key for key in self._gauges if key[:2] == (metric, first)]:
                del self._gauges[key]

    def follow(self, metric: Metric, read: Callable[[], float], *dimensions: str) -> None:
        """Let a counter follow a total that somebody else keeps and that never falls."""
        with self._lock:
            self._followed.append(((metric, *dimensions), read, [read()]))

    def take(self) -> list[Point]:
        """What was measured since the last time this was called, and every gauge."""
        with self._lock:
            sums, self._sums = self._sums, {}
            spreads, self._spreads = self._spreads, {}
            for key, read, last in self._followed:
                now = read()
                sums[key] = sums.get(key, 0.0) + now - last[0]
                last[0] = now
            points = [_point(key, 1, value, value, value) for key, value in self._gauges.items()]
        points += [_point(key, 1, total, total, total) for key, total in sums.items()]
        points += [_point(key, int(count), *rest) for key, (count, *rest) in spreads.items()]
        return points


def _point(key: _Key, count: int, total: float, least: float, most: float) -> Point:
    metric, *dimensions = key
    return Point(metric=metric, dimensions=tuple(dimensions), count=count, total=total, least=least, most=most)
