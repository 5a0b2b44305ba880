"""The labelled rows of a model, by the hour of their prediction: each id's standing truth, as far as it is kept.

48 bytes a row are enough to take each id's first truth once and to follow corrections, in whatever order they come.
How good each version was is summed up in the state meanwhile, so those hours alone are read that have new truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from automl.log.ids import made_at
from automl.monitoring import accuracy
from automl.monitoring.ingest import hour_name
from automl.monitoring.ledger import Kind, Ledger
from automl.monitoring.standing import merge
from automl.monitoring.state import State

KEEP_HOURS = 24 * 90
"""Prediction hours that are kept; truth for older predictions still counts for training, but no longer here."""

HOUR_MS = 3_600_000

LABELLED = Kind(
    "labelled",
    np.dtype(
        [
            ("id", "<u8"),
            ("made", "<u4"),
            ("version", "<u4"),
            ("at", "<i8"),
            ("received", "<i8"),
            ("truth", "<f8"),
            ("error", "<f8"),
        ]
    ),
)
"""Rows of an hour in the order of `id`, the last 8 bytes of the prediction id. `made`: milliseconds of its time since
the hour began. `version`: CRC-32 of its name. `at`, `received`, `truth`, `error`: as in `Labels`."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Truths of one version's predictions with these, in the order of their receipt; N entries each.

    Parameters
    ----------
    ids, made
        The last 8 bytes of each prediction id, uint64 [N], and the milliseconds that it carries.
    at, received, predicted_at
        Of the truth, of its receipt, and of the prediction, epoch milliseconds.
    error
        0 or 1, or the absolute error in the target's unit.
    truth, predicted
        Positions in the classes of the version, NaN for what is none of them; or numbers.
    probabilities
        [N, classes], rows of NaN where there are none; None where no row has any.
    slices
        For each column that performance is told apart by: the names of its slices, and which each row is in [N], -1
        for none.
    """

    version: str
    ids: npt.NDArray[np.uint64]
    made: Ints
    at: Ints
    received: Ints
    predicted_at: Ints
    error: Floats
    truth: Floats
    predicted: Floats
    probabilities: Floats | None = None
    slices: tuple[tuple[list[str], Ints], ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: npt.NDArray[Any]) -> Labels:
        return Labels(
            version=self.version,
            ids=self.ids[rows],
            made=self.made[rows],
            at=self.at[rows],
            received=self.received[rows],
            predicted_at=self.predicted_at[rows],
            error=self.error[rows],
            truth=self.truth[rows],
            predicted=self.predicted[rows],
            probabilities=None if self.probabilities is None else self.probabilities[rows],
            slices=tuple((names, codes[rows]) for names, codes in self.slices),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taken:
    """What became of labels.

    Parameters
    ----------
    fresh
        The first accepted truths of their ids, in the order of their receipt: what the alarm sees.
    stands
        Those that stand from now on.
    replaced
        The truths [N] that these replace, NaN where they are the first or the old one was none of the classes.
    """

    fresh: Labels
    stands: Labels
    replaced: Floats


def take(state: State, ledger: Ledger, labels: Labels) -> Taken:
    """Put the labels of a version into its hours and sums, in the order given.

    A later truth of an id replaces the one that stands in the performance when its `at`, then its receipt, is not
    older, and never reaches the alarm.
    """
    version, fresh = crc32(labels.version.encode()), np.zeros(len(labels), dtype=np.bool_)
    stands: list[npt.NDArray[np.intp]] = []
    olds: list[Rows] = []
    for hour, places in _by_hour(labels, ledger):
        if hour < state.kept_from:
            state.count("late", len(places))
            continue
        own = labels[places]
        given = np.empty(len(own), LABELLED.dtype)
        given["id"], given["made"], given["version"] = own.ids, own.made % HOUR_MS, version
        for name in ("at", "received", "truth", "error"):
            given[name] = getattr(own, name)
        found = merge(ledger.read(LABELLED, hour), given)
        ledger.put(LABELLED, hour, found.rows)
        state.count("repeated", found.repeated)
        state.count("corrected", found.corrected)
        fresh[places[found.fresh]] = True
        stands.append(places[found.stands])
        olds.append(found.old)
    chosen = np.concatenate([np.empty(0, np.intp), *stands])
    old = np.concatenate([np.empty(0, LABELLED.dtype), *olds])
    taken = Taken(fresh=labels[fresh], stands=labels[chosen], replaced=old["truth"])
    state.labelled += len(taken.fresh)
    state.newest_ms = max([state.newest_ms, *taken.fresh.received.tolist()])
    rows = np.empty(len(chosen), [("made", "<i8"), ("id", "<u8"), ("error", "<f8")])
    rows["made"], rows["id"], rows["error"] = taken.stands.made, taken.stands.ids, taken.stands.error
    accuracy.add(state, labels.version, rows, old)
    return taken


def before(state: State, hour: str) -> int:
    """How many labelled rows were predicted before an hour."""
    return sum(int(sums[0]) for sums in state.sums.values()) - from_hour(state, hour)


def from_hour(state: State, hour: str) -> int:
    """How many labelled rows were predicted in an hour or later."""
    return sum(part[0] for name, part in state.parts.get(LABELLED.name, {}).items() if name >= hour)


def hour_of_newest(state: State, rows: int) -> str | None:
    """The hour from which on at least so many labelled rows were predicted, the first where there are fewer."""
    first: str | None = None
    for hour, (count, _) in sorted(state.parts.get(LABELLED.name, {}).items(), reverse=True):
        first, rows = hour, rows - count
        if rows <= 0:
            break
    return first


def prune(state: State, ledger: Ledger, oldest_hour: str) -> None:
    """Let go of the rows of the hours before one; they stay in the sums of their versions."""
    state.kept_from = max(state.kept_from, oldest_hour)
    ledger.drop(state.kept_from)
    accuracy.age(state, _epoch_ms(state.kept_from))


def forget(state: State, ledger: Ledger, prediction_ids: Sequence[str]) -> int:
    """Remove the rows of some predictions, which count nowhere here from then on; how many there were.

    `ledger.write`, the saving of the state and `ledger.tidy` have to follow. Metrics that were summed up by day and
    slice stay what they were.
    """
    by_hour: dict[str, list[int]] = {}
    for text in prediction_ids:
        by_hour.setdefault(hour_name(made_at(text) // HOUR_MS), []).append(short(text))
    removed = 0
    ledger.fetch(LABELLED, by_hour)
    for hour, own in by_hour.items():
        rows = ledger.read(LABELLED, hour)
        gone = np.isin(rows["id"], np.array(own, dtype=np.uint64))
        if gone.any():
            ledger.put(LABELLED, hour, rows[~gone])
            accuracy.remove(state, rows[gone])
            removed += int(gone.sum())
    state.labelled -= removed
    return removed


def short(prediction_id: str) -> int:
    """The last 8 bytes of an id as a number.

    >>> short("019aa000-0000-7000-8000-0000000000ff")
    9223372036854776063
    """
    return int(prediction_id[19:23] + prediction_id[24:], 16)


def _by_hour(labels: Labels, ledger: Ledger) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """The hours of the predictions, and which labels are of each, in the order given."""
    numbers, which = np.unique(labels.made // HOUR_MS, return_inverse=True)
    names = [hour_name(number) for number in numbers.tolist()]
    ledger.fetch(LABELLED, names)
    for place, name in enumerate(names):
        yield name, np.flatnonzero(which == place)


def _epoch_ms(hour: str) -> int:
    return round(datetime.strptime(f"{hour}+0000", "%Y-%m-%d/%H%z").timestamp() * 1000)
