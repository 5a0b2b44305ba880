"""What keeps a challenger out that has won: a slice of the rows on which it is worse, or answers that are slow."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from automl.monitoring.contest import Contest, Sample, parsed
from automl.monitoring.scene import Scene
from automl.monitoring.slices import ABSENT, Slices
from automl.scoring.session import ModelSession
from automl.tensors import Tensors

SLICE_ALPHA = 0.01
"""Chance of any veto by slices, while the challenger is worse in none of them by more than `promotion.margin`."""

LEAST_ROWS = 100
"""Rows of a slice under which it has no say: the test rests on the normal distribution of a mean."""

QUICK_US = 1_000.0
"""Microseconds within which an answer is never too slow, however quick the champion's is."""

TIMED_ROWS, WARMING_ROWS = 40, 4
"""Rows that both answer one by one, by turns; and the first of them, which are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """One reason against a challenger, as a sentence and in numbers."""

    text: str
    evidence: Mapping[str, Any]


def find(scene: Scene, contest: Contest, sample: Sample) -> list[Veto]:
    """The reasons against a challenger that has won on a sample of rows."""
    slow = latency(contest, sample, slowest=scene.spec.promotion.slowest, timer_ns=scene.timer_ns)
    return [*slices(scene, contest, sample), *([slow] if slow else [])]


def slices(scene: Scene, contest: Contest, sample: Sample) -> list[Veto]:
    """The slices in which the challenger is shown to be worse by more than `promotion.margin`.

    Each is tested one-sidedly at `SLICE_ALPHA` over the number of slices with enough rows (Bonferroni), so that many
    slices do not make a veto likelier.
    """
    names, margin = scene.spec.monitor.slices, scene.spec.promotion.margin
    columns = {name: [record.get(name, ABSENT) for record in sample.records] for name in names}
    known = Slices(names, scene.references.of(contest.champion.version)).of(columns)
    places = {
        name: np.flatnonzero(codes == code) for slices_of, codes in known for code, name in enumerate(slices_of)
    }
    judged = {name: own for name, own in places.items() if len(own) >= LEAST_ROWS}
    if not judged:
        return []
    bound = NormalDist().inv_cdf(1 - SLICE_ALPHA / len(judged))
    found: list[Veto] = []
    for name, own in sorted(judged.items()):
        difference = sample.difference(own)
        if (z := -difference.z(above=-margin)) >= bound:
            text = (
                f"in slice {name} its loss (0 to 1) is {-difference.mean:.4f} higher on {difference.n:,} rows "
                f"(z = {z:.2f} beyond a margin of {margin:g}, a veto at {bound:.2f} among {len(judged)} slices)"
            )
            numbers = {"n": difference.n, "difference": difference.mean, "z": z, "bound": bound}
            found.append(Veto(text=text, evidence={"kind": "slice", "slice": name, **numbers}))
    return found


def latency(contest: Contest, sample: Sample, *, slowest: float, timer_ns: Callable[[], int]) -> Veto | None:
    """Whether the challenger takes too long for one row: more than `slowest` times the champion's median, and more
    than `QUICK_US`.

    Both answer the same rows one by one, by turns in the same process, so that whatever else the machine does meets
    both of them.
    """
    records = sample.records[:TIMED_ROWS]
    models = (contest.champion, contest.challenger)
    rows = [parsed(model, records) for model in models]
    taken: tuple[list[float], list[float]] = ([], [])
    for place in range(len(records)):
        for turn in (0, 1) if place % 2 else (1, 0):
            taken[turn].append(_timed_us(models[turn], rows[turn][place : place + 1], timer_ns))
    champion_us, challenger_us = (statistics.median(times[WARMING_ROWS:] or times) for times in taken)
    ratio = challenger_us / champion_us if champion_us else np.inf
    if challenger_us <= QUICK_US or ratio <= slowest:
        return None
    text = (
        f"it takes {challenger_us / 1000:,.1f} ms for one row and the champion {champion_us / 1000:,.1f} ms, "
        f"{ratio:.1f} times as long (a veto above {slowest:g} times)"
    )
    numbers = {"champion_us": champion_us, "challenger_us": challenger_us, "ratio": ratio, "slowest": slowest}
    return Veto(text=text, evidence={"kind": "latency", **numbers})


def _timed_us(model: ModelSession, row: Tensors, timer_ns: Callable[[], int]) -> float:
    begin = timer_ns()
    model.score(row)
    return (timer_ns() - begin) / 1000
