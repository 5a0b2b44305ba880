"""New lines of the prediction log, counted while they are read: a batch at a time is in memory, never an hour."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.evaluation.calibrated import Calibration
from automl.log.reader import decode
from automl.monitoring import latencies
from automl.monitoring.drift_columns import Column, NumberColumn
from automl.monitoring.drift_reference import PREDICTION, Reference, References
from automl.monitoring.histograms import Tally
from automl.monitoring.ingest import hour_name
from automl.monitoring.labels import codes
from automl.training.baseline import score_of

BATCH = 1024
"""Lines that are decoded together."""

_HOUR_MS = 3_600_000

Record = Mapping[str, Any]
Values = Sequence[Any] | npt.NDArray[np.float64]


class Counts:
    """The tallies of what one pass reads, by version and hour (`YYYY-MM-DD/HH`) of the prediction, and its latencies.

    Parameters
    ----------
    redacted
        Features of which nothing is counted, even where they were logged once.
    """

    def __init__(self, references: References, redacted: Collection[str] = ()) -> None:
        self.references = references
        self._redacted = frozenset(redacted)
        self.tallies: dict[str, dict[str, Tally]] = {}
        self.latencies: dict[str, latencies.Bins] = {}

    def add_lines(self, lines: Sequence[bytes]) -> None:
        """Count lines of the prediction log; torn ones were never acknowledged and are none."""
        for start in range(0, len(lines), BATCH):
            self.add(decode(lines[start : start + BATCH])[0])

    def add(self, records: Sequence[Record]) -> None:
        """Count prediction records, each for the version that answered."""
        groups: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            groups.setdefault((record["version"], record["at"] // _HOUR_MS), []).append(record)
        for (version, hour), group in groups.items():
            taken = [time for record in group if (time := record.get("latency_us")) is not None]
            latencies.count(self.latencies.setdefault(version, {}), hour_name(hour)[:10], taken)
            reference = self.references.of(version)
            if reference is not None:
                hours = self.tallies.setdefault(version, {})
                tally = hours.setdefault(hour_name(hour), Tally.empty(reference))
                tally.add(tally_of(reference, _columns(reference, group, self._redacted), len(group)))
                if reference.calibration:
                    tally.expected = tally.expected + _expected(reference, reference.calibration, group)


def tally_of(reference: Reference, columns: Sequence[Values | None], rows: int) -> Tally:
    """Count rows given as columns.

    Parameters
    ----------
    columns
        For each column of the reference float64 [rows], NaN where missing, or a sequence of canonical JSON values;
        None for one that the rows were logged without.
    """
    tally = Tally.empty(reference)
    tally.rows = rows
    number = 0
    for column, start, given in zip(reference.columns, reference.starts, columns, strict=False):
        place = slice(start, start + len(column.reference))
        if isinstance(column, NumberColumn):
            if given is not None:
                numbers = np.asarray(given, dtype=np.float64)  # None becomes NaN
                tally.slots[place] = column.count(numbers)
                tally.low[number], tally.high[number] = np.fmin.reduce(numbers), np.fmax.reduce(numbers)
            number += 1
        elif given is not None:
            tally.slots[place], new = column.count(given)
            tally.note_new(column.name, new)
    return tally


def _columns(reference: Reference, records: Sequence[Record], redacted: Collection[str]) -> list[Values | None]:
    """The columns of a reference out of records that all are of its version."""
    names = [column.name for column in reference.features if column.name not in redacted]
    by_name = _by_name(names, [record["features"] for record in records])
    found = [by_name.get(column.name) or None for column in reference.features]
    return found + [_answers(column, records) for column in reference.answers]


def _by_name(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Values]:
    """The values of each name in the rows that have it."""
    first = rows[0]
    present = [name for name in names if name in first]
    if len(present) > 1 and all(len(row) == len(first) for row in rows):
        with suppress(KeyError):  # a row has as many columns, but others
            return dict(zip(present, zip(*map(itemgetter(*present), rows), strict=True), strict=True))
    return {name: [row[name] for row in rows if name in row] for name in names}


def _expected(reference: Reference, calibration: Calibration, records: Sequence[Record]) -> npt.NDArray[np.float64]:
    """Sums of calibrated probabilities [classes²], by true class and by answer."""
    classes = len(reference.signature.classes)
    coded = codes(reference.signature.classes)
    given = [(coded(record["prediction"]), shares) for record in records if (shares := record.get("probabilities"))]
    sums = np.zeros((classes, classes))
    if given:
        answers, probabilities = np.array([code for code, _ in given]), np.array([shares for _, shares in given])
        calibrated = calibration.of(probabilities)
        for code in range(classes):
            sums[:, code] = calibrated[answers == code].sum(axis=0)
    return sums.reshape(-1)


def _answers(column: Column, records: Sequence[Record]) -> Values | None:
    if column.name == PREDICTION:
        return [record["prediction"] for record in records]
    given = [probabilities for record in records if (probabilities := record.get("probabilities"))]
    return score_of(np.asarray(given, dtype=np.float64)) if given else None
