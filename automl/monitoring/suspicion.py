"""What speaks against the truth of an hour, given the hours before it. Numbers in, reasons out.

Far more of it than in any of those hours, or labels far from theirs; and single numbers that cannot be. A slow
change passes, since what came in is the next hour's history; night passes for night, since the same hour of other
days counts too; and what a person has released passes when it comes again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from automl.monitoring.arrivals import Tally, deviations, moved
from automl.quarantine import HOUR_MS
from automl.spec_sections import Guard

FEWEST_HOURS, FEWEST_TRUTHS = 24, 1000
"""Hours with truth, and truths in them, without which there is no history to hold anything against: a whole day."""

FLOOD_FROM = 1000
"""Truths in an hour that are no flood, whatever came before."""

SHIFT_FROM = 200
"""Truths in an hour, and twenty for each label, under which labels are not compared: chance moves fewer too far."""

DEVIATIONS = 3.0
"""For a regression: how many standard deviations of single values the mean of an hour may be from the mean."""


RISE = 2.0
"""How many times as much as in its busiest hour a source must send before its share is looked at: where others fall
silent, that of a source that goes on grows, too."""


class Suspicion(NamedTuple):
    """What speaks against truths (`flood`, `shift`, `source` or `values`), and the same as part of a sentence."""

    reason: str
    text: str


def of_hour(
    since_ms: int, tally: Tally, history: Mapping[int, Tally], released: Sequence[Tally], rules: Guard
) -> list[Suspicion]:
    """What speaks against an hour as a whole.

    Parameters
    ----------
    since_ms
        When it began, as the keys of `history`: epoch milliseconds.
    history
        The hours before it whose truth counts.
    released
        Those among them that were held until a person released them.
    """
    whole = Tally.sum(history.values())
    if len(history) < FEWEST_HOURS or whole.n < FEWEST_TRUTHS:
        return []
    found: list[Suspicion] = []
    most = max(one.n for one in history.values())
    if tally.n > max(FLOOD_FROM, rules.flood * most):
        text = f"{tally.n:,} truths came in an hour, where none of the {len(history)} before had more than {most:,}"
        found.append(Suspicion("flood", text))
    compared = _compared(since_ms, history, released)
    if tally.n >= max(SHIFT_FROM, 20 * len(whole.labels)) and bool(tally.labels) == bool(whole.labels):
        found += _shift(tally, compared, rules)
    return found


def of_sources(
    since_ms: int, tally: Tally, history: Mapping[int, Tally], released: Sequence[Tally], rules: Guard
) -> dict[str, Suspicion]:
    """What speaks against single sources of an hour: one sends far more of it, or of a label, than it ever did.

    Only where sources are known: a day on which they named themselves. What named none counts as a source of its own.
    Parameters as `of_hour` has them.
    """
    named = [one for one in history.values() if one.sources]
    if len(named) < FEWEST_HOURS or sum(part["n"] for one in named for part in one.sources.values()) < FEWEST_TRUTHS:
        return {}
    compared = _compared(since_ms, history, released)
    found: dict[str, Suspicion] = {}
    for source in tally.names:
        own = tally.part(source)
        before = [one.part(source) for one in history.values()]
        for label in (None, *own.labels):
            now, most = own.count(label), max(one.count(label) for one in before)
            is_much = now >= SHIFT_FROM and now > RISE * most and (label is None or now == tally.count(label))
            shares = [one.part(source).count(label) / one.count(label) for one in compared if one.count(label)]
            known = max(shares, default=0.0)
            if is_much and now / tally.count(label) - known > rules.source and source not in found:
                found[source] = Suspicion("source", _told(source, label, now, tally.count(label), known))
    return found


def _told(source: str, label: str | None, now: int, whole: int, known: float) -> str:
    who = f"source '{source}'" if source else "who names no source"
    what = "truths" if label is None else f"truths of {label}"
    before = f"never more than {100 * known:.0f}% of them before" if known else "none of them before"
    return f"{who} sent {now:,} of the {whole:,} {what} of an hour, and {before}"


def of_values(values: Sequence[float], plausible: tuple[float, float]) -> Suspicion:
    """What speaks against numbers beyond the plausible."""
    low, high = plausible
    worst = max(values, key=abs)
    return Suspicion("values", f"values from {low:.6g} to {high:.6g} were to be expected, and {worst:.6g} came")


def plausible(baseline: Mapping[str, Any], rules: Guard) -> tuple[float, float]:
    """From where to where numbers can be, by what a version answered on its holdout (its baseline.json)."""
    edges = baseline["prediction"]["edges"]
    margin = rules.range * (edges[-1] - edges[0]) if edges else 0.0
    return (edges[0] - margin, edges[-1] + margin) if margin else (-math.inf, math.inf)


def _compared(since_ms: int, history: Mapping[int, Tally], released: Sequence[Tally]) -> list[Tally]:
    """What an hour may be like: all that was, the same hour of other days, and what a person has let pass."""
    days = [one for at, one in history.items() if (since_ms - at) % (24 * HOUR_MS) == 0]
    enough = (one for one in (Tally.sum(days), *days, *released) if one.n >= SHIFT_FROM)
    return [Tally.sum(history.values()), *enough]


def _shift(tally: Tally, compared: Sequence[Tally], rules: Guard) -> list[Suspicion]:
    before = f"the {compared[0].n:,} truths before"
    if tally.labels:
        gap = min(moved(tally, one) for one in compared)
        limit = rules.shift / 2 if len(tally.labels) == 1 else rules.shift  # a constant is what broken senders send
        text = f"{100 * gap:.0f} points of the labels are others than in {before}"
        return [Suspicion("shift", text)] if gap > limit else []
    gap = min(deviations(tally, one) for one in compared)
    text = f"their mean is {gap:.1f} standard deviations from that of {before}"
    return [Suspicion("shift", text)] if gap > DEVIATIONS else []
