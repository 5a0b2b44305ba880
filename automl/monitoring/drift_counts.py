"""New predictions, counted while the log is read: a piece of it at a time is in memory, never an hour."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.evaluation.calibrated import Calibration
from automl.lake import cells
from automl.lake.cells import Cells
from automl.monitoring import latencies
from automl.monitoring.drift_columns import NumberColumn
from automl.monitoring.drift_reference import SCORE, Reference, References
from automl.monitoring.histograms import Tally
from automl.monitoring.ingest import hour_name
from automl.monitoring.seen import milliseconds
from automl.training.baseline import score_of

_HOUR_MS = 3_600_000

Values = Sequence[Any] | Mapping[Any, int] | npt.NDArray[np.float64]


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

    def add(self, rows: Any) -> None:
        """Count predictions (`pyarrow.Table`), each for the version that answered."""
        for version, hour, own in _alike(rows):
            taken = own.column("latency_us").drop_null().to_pylist()
            latencies.count(self.latencies.setdefault(version, {}), hour[:10], taken)
            reference = self.references.of(version)
            if reference is not None:
                hours = self.tallies.setdefault(version, {})
                tally = hours.setdefault(hour, Tally.empty(reference))
                tally.add(tally_of(reference, _columns(reference, own, self._redacted), len(own)))
                if reference.calibration:
                    tally.expected = tally.expected + _expected(reference, reference.calibration, own)


def _alike(rows: Any) -> Iterator[tuple[str, str, Any]]:
    """The rows of each version, hour and set of features."""
    hours = milliseconds(rows.column("at")) // _HOUR_MS
    (versions, names), (logged, _) = (cells.distinct(rows.column(name)) for name in ("version", "logged"))
    found, which = np.unique(np.stack([versions, hours, logged], axis=1), axis=0, return_inverse=True)
    for place, (version, hour, _) in enumerate(found.tolist()):
        yield names[version], hour_name(hour), rows if len(found) == 1 else rows.filter(pa.array(which == place))


def tally_of(reference: Reference, columns: Sequence[Values | None], rows: int) -> Tally:
    """Count rows given as columns.

    Parameters
    ----------
    columns
        For each column of the reference float64 [rows], NaN where missing; or canonical JSON values, or how many
        times there is each; None for one that the rows were logged without.
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


def _columns(reference: Reference, rows: Any, redacted: Collection[str]) -> list[Values | None]:
    """The columns of a reference out of rows that all are of its version and were logged with the same features."""
    given, found = Cells(rows), list[Values | None]()
    for column in reference.features:
        if column.name not in given.names or column.name in redacted:
            found.append(None)
        else:
            is_number = isinstance(column, NumberColumn)
            found.append(given.numbers(column.name) if is_number else given.times(column.name))
    for column in reference.answers:
        if column.name == SCORE:
            shares = cells.probabilities(rows.column("probabilities"), len(reference.signature.classes))
            found.append(None if shares is None else score_of(shares[~np.isnan(shares[:, 0])]))
        elif isinstance(column, NumberColumn):
            found.append(cells.numbers(rows.column("prediction_number")))
        else:
            places, known = cells.texts(rows, "prediction")
            found.append(dict(zip(known, np.bincount(places, minlength=len(known)).tolist(), strict=True)))
    return found


def _expected(reference: Reference, calibration: Calibration, rows: Any) -> npt.NDArray[np.float64]:
    """Sums of calibrated probabilities [classes²], by true class and by answer."""
    classes = reference.signature.classes
    sums = np.zeros((len(classes), len(classes)))
    probabilities = cells.probabilities(rows.column("probabilities"), len(classes))
    if probabilities is not None:
        has = ~np.isnan(probabilities[:, 0])
        answers, calibrated = cells.codes(rows, "prediction", classes)[has], calibration.of(probabilities[has])
        for code in range(len(classes)):
            sums[:, code] = calibrated[answers == code].sum(axis=0)
    return sums.reshape(-1)
