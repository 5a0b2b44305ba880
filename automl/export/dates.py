"""Calendar parts of UTC epoch seconds, by integer arithmetic alone.

The date comes from Howard Hinnant's `civil_from_days` (https://howardhinnant.github.io/date_algorithms.html): years
that start in March put the leap day last, so that every division is of whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from automl.export.graph import Graph

PARTS = ("year", "month", "day", "day of year", "weekday", "hour", "minute", "second", "minute of day")
"""Weekday 0 is Monday; day of year is 1 to 366; minute of day is 0 to 1439."""

EARLIEST = -62135596800.0
"""Epoch seconds of 0001-01-01T00:00:00Z; earlier moments take this date."""

LATEST = 253402300799.0
"""Epoch seconds of 9999-12-31T23:59:59Z; later moments take this date."""

_DAYS_TO_1970 = 719468
"""Days from 0000-03-01, where Hinnant's count starts, to 1970-01-01: every count here is positive."""

_DAY_S = 86400

_DAYS_TO_1 = 306
"""Days from 0000-03-01 to 0001-01-01."""


def emit_parts(graph: Graph, epoch: str, wanted: Iterable[str] = PARTS) -> dict[str, str]:
    """Calendar parts of `epoch` (double [N, D], free of NaN).

    Returns
    -------
    dict
        For each wanted part the name of its int64 [N, D] tensor.
    """
    math = _Integers(graph)
    bounded = graph.op("Clip", epoch, graph.constant(np.float64(EARLIEST)), graph.constant(np.float64(LATEST)))
    seconds = math.plus(graph.cast(graph.op("Floor", bounded), np.int64), _DAYS_TO_1970 * _DAY_S)
    days = math.over(seconds, _DAY_S)
    second_of_day = math.modulo(seconds, _DAY_S)
    # Nodes of parts that nobody wants are left out: each costs a microsecond a request.
    names = set(wanted)
    result: dict[str, str] = {}
    if names & {"year", "month", "day", "day of year"}:
        result |= _date(graph, math, days)
    if "day of year" in names:
        result["day of year"] = _day_of_year(graph, math, days, result["year"])
    if "weekday" in names:
        result["weekday"] = math.modulo(math.plus(days, 2), 7)  # 0000-03-01 was a Wednesday
    if "hour" in names:
        result["hour"] = math.over(second_of_day, 3600)
    if "minute" in names:
        result["minute"] = math.over(math.modulo(second_of_day, 3600), 60)
    if "second" in names:
        result["second"] = math.modulo(second_of_day, 60)
    if "minute of day" in names:
        result["minute of day"] = math.over(second_of_day, 60)
    return {part: tensor for part, tensor in result.items() if part in names}


def _date(graph: Graph, math: _Integers, days: str) -> dict[str, str]:
    era = math.over(days, 146097)
    day_of_era = math.modulo(days, 146097)
    leaps = graph.op("Sub", math.over(day_of_era, 36524), math.over(day_of_era, 1460))
    leaps = graph.op("Sub", leaps, math.over(day_of_era, 146096))
    year_of_era = math.over(graph.op("Add", day_of_era, leaps), 365)
    leap_days = graph.op("Sub", math.over(year_of_era, 4), math.over(year_of_era, 100))
    days_before = graph.op("Add", math.times(year_of_era, 365), leap_days)
    day_of_year = graph.op("Sub", day_of_era, days_before)
    month_from_march = math.over(math.plus(math.times(day_of_year, 5), 2), 153)
    month_start = math.over(math.plus(math.times(month_from_march, 153), 2), 5)
    day = math.plus(graph.op("Sub", day_of_year, month_start), 1)
    month = math.plus(math.modulo(math.plus(month_from_march, 2), 12), 1)
    next_year = math.over(month_from_march, 10)  # January and February belong to the year that follows
    year = graph.op("Add", graph.op("Add", year_of_era, math.times(era, 400)), next_year)
    return {"year": year, "month": month, "day": day}


def _day_of_year(graph: Graph, math: _Integers, days: str, year: str) -> str:
    """Days since the last day of the year before, which is 365 for each year before and one for each leap year."""
    before = math.plus(year, -1)
    leaps = graph.op("Sub", math.over(before, 4), math.over(before, 100))
    whole = graph.op("Add", math.times(before, 365), graph.op("Add", leaps, math.over(before, 400)))
    return graph.op("Sub", math.plus(days, 1 - _DAYS_TO_1), whole)


class _Integers:
    """int64 arithmetic with constants. Dividends are never negative, so truncation is floor."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def plus(self, tensor: str, number: int) -> str:
        return self._op("Add", tensor, number)

    def times(self, tensor: str, number: int) -> str:
        return self._op("Mul", tensor, number)

    def over(self, tensor: str, number: int) -> str:
        return self._op("Div", tensor, number)

    def modulo(self, tensor: str, number: int) -> str:
        return self._op("Mod", tensor, number)

    def _op(self, operator: str, tensor: str, number: int) -> str:
        return self.graph.op(operator, tensor, self.graph.constant(np.int64(number)))
