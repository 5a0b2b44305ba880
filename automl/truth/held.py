"""The truths of a quarantine entry, as the log has them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson

from automl.log.reader import decode, hour_of, lines_of_hours
from automl.quarantine import HOUR_MS, Entry
from automl.storage import Storage

FIRST = 10
"""Truths that are shown as they came."""

MOST_VALUES = 20
"""Different values that are counted apart for a reader, the commonest."""


def look(storage: Storage, model: str, entry: Entry) -> dict[str, Any]:
    """What an entry holds, to judge it by.

    Returns
    -------
    `truths` (how many the log has; what has moved on into the lake alone is not among them), `values` (how many of
    each of the commonest), `first` (some, as they came).
    """
    moments = range(entry.since_ms - HOUR_MS, entry.until_ms + HOUR_MS, HOUR_MS)  # a log's hour is its writer's
    hours = [hour_of(datetime.fromtimestamp(at / 1000, UTC)) for at in moments]
    own: list[dict[str, Any]] = []
    for lines in lines_of_hours(storage, model, "truth", hours):
        own += [truth for truth in decode(lines)[0] if entry.covers(truth)]
    values = Counter(orjson.dumps(truth["truth"]).decode() for truth in own)
    common = [{"truth": orjson.loads(text), "count": count} for text, count in values.most_common(MOST_VALUES)]
    return {"truths": len(own), "values": common, "first": sorted(own, key=lambda one: one["received"])[:FIRST]}
