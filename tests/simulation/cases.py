"""What is simulated, and what must come of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal

import numpy as np

from tests.simulation.alarms import first_alarm, first_warning
from tests.simulation.comparisons import BETTER, NO_WORSE, Pair, promoted, rolled_back
from tests.simulation.streams import Stream

CHANGE = 10_000
"""The prediction from which on a model is worse, where it becomes worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question to a rule.

    Parameters
    ----------
    draw
        What happens in the stream of a seed: after how many labels, infinity when it never does.
    tells
        `share`: in how many streams it happens, with Clopper and Pearson's upper 95% bound. `missed`: in how many it
        does not. `delay`: the median of how many labels after `since` it happens, in those streams where it did not
        happen before; never is infinitely late.
    goal
        What must not be exceeded; None where it is measured only.
    by_bound
        Whether it is the upper bound that must not exceed the goal.
    streams
        How many are drawn.
    """

    name: str
    draw: Callable[[int], float]
    tells: Literal["share", "missed", "delay"]
    goal: float | None = None
    by_bound: bool = False
    since: int = 0
    streams: int = 1_000

    def told(self, found: Sequence[float]) -> dict[str, Any]:
        """The outcome as a JSON object."""
        happened = np.array(found)
        head = {"name": self.name, "streams": len(found), "tells": self.tells, "goal": self.goal}
        if self.tells == "delay":
            later = happened[happened > self.since] - self.since
            value = float(np.median(later)) if len(later) else math.inf
            early = float(np.mean(happened <= self.since))
            shown = value if math.isfinite(value) else None
            return {**head, "value": shown, "before": early, "met": self.goal is None or value <= self.goal}
        hits = int(np.sum(np.isfinite(happened) == (self.tells == "share")))
        test: Any = import_module("scipy.stats").binomtest(hits, len(found), alternative="less")
        value, upper = hits / len(found), float(test.proportion_ci(0.95, "exact").high)
        met = self.goal is None or (upper if self.by_bound else value) <= self.goal
        return {**head, "value": value, "upper": upper, "by_bound": self.by_bound, "met": met}


def cases() -> list[Case]:
    """All of them."""
    return [*_alarms(), *_warnings(), *_promotions(), *_rollbacks()]


def _alarms() -> list[Case]:
    found = []
    for rows in (500, 1_000, 2_000, 10_000):
        for task, name in (("classification", "classes"), ("regression", "numbers")):
            draw = partial(first_alarm, Stream(holdout_rows=rows, task=task))  # type: ignore[arg-type]
            text = f"alarm, {name}, holdout {rows:,}: false in a life"
            found.append(Case(name=text, draw=draw, tells="share", goal=0.05, by_bound=True))
    for text, stream in (
        ("30% labelled, late, out of order", Stream(holdout_rows=2_000, partial=True)),
        ("seasons of ±2 points", Stream(holdout_rows=2_000, season=0.02)),
        ("both", Stream(holdout_rows=2_000, season=0.02, partial=True)),
    ):
        name = f"alarm, classes, holdout 2,000, {text}: false in a life"
        found.append(Case(name=name, draw=partial(first_alarm, stream), tells="share"))
    for rows in (500, 1_000, 2_000, 10_000):
        draw = partial(first_alarm, Stream(holdout_rows=rows, rise=0.05, change=CHANGE))
        name = f"alarm, classes, holdout {rows:,}: labels after −5 points"
        goal = 2_000 if rows == 2_000 else None
        found.append(Case(name=name, draw=draw, tells="delay", since=CHANGE, goal=goal))
    return found


def _warnings() -> list[Case]:
    steady, season = Stream(holdout_rows=2_000), Stream(holdout_rows=2_000, season=0.02)
    fallen = Stream(holdout_rows=2_000, rise=0.05, change=CHANGE, labels=20_000)
    return [
        Case(
            name="ADWIN: warns of nothing in a life", draw=partial(first_warning, steady), tells="share", streams=600
        ),
        Case(
            name="ADWIN, seasons of ±2 points: warns", draw=partial(first_warning, season), tells="share", streams=600
        ),
        Case(
            name="ADWIN: labels after −5 points",
            draw=partial(first_warning, fallen),
            tells="delay",
            since=CHANGE,
            streams=600,
        ),
    ]


def _promotions() -> list[Case]:
    found = []
    for text, plan, goals in (
        ("promotion", BETTER, (0.01, 0.05, 0.10)),
        ("promotion under alarm", NO_WORSE, (None, None, None)),
    ):
        for gain, told, tells, goal in zip(
            (-0.01, 0.0, 0.02),
            ("1 point worse: promoted", "equal: promoted", "2 points better: not promoted"),
            ("share", "share", "missed"),
            goals,
            strict=True,
        ):
            name = f"{text}, {plan.rows:,} rows, {told}"
            draw = partial(promoted, plan, Pair(gain=gain))
            found.append(Case(name=name, draw=draw, tells=tells, goal=goal, streams=20_000))  # type: ignore[arg-type]
    return found


def _rollbacks() -> list[Case]:
    equal, worse = (partial(rolled_back, Pair(gain=gain)) for gain in (0.0, -0.05))
    return [
        Case(name="rollback of an equal champion", draw=equal, tells="share", goal=0.01, streams=4_000),
        Case(name="rollback: rows after a champion 5 points worse", draw=worse, tells="delay", streams=4_000),
    ]
