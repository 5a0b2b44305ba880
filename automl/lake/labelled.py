"""Predictions with the truth that came for them: the rows a model is judged and retrained on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from automl import quarantine
from automl.lake import archive, lookup
from automl.lake import mark as marks
from automl.lake.mark import Mark
from automl.log import ids
from automl.log.reader import decode, hour_of, new_lines
from automl.storage import Storage


class _Truth(NamedTuple):
    """One accepted truth, ordered by what wins: the later `at`, then the later receipt."""

    at: int
    received: int
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """Labelled predictions in the order of their time, one row an id; all fields have N entries but the last.

    Parameters
    ----------
    ids
        Prediction ids.
    at_ms
        int64 [N]: when each prediction was made, UTC epoch milliseconds.
    versions
        The model version that made each.
    features
        Canonical JSON values of each row (`signature.to_records`).
    predictions, truths
        Labels, or numbers for regression.
    keys
        Business key of each, None where it has none.
    orphans
        Ids with a truth in this period for which the log has no prediction.
    """

    ids: list[str]
    at_ms: npt.NDArray[np.int64]
    versions: list[str]
    features: list[dict[str, Any]]
    predictions: list[Any]
    truths: list[Any]
    keys: list[str | None]
    orphans: int = 0

    def __len__(self) -> int:
        return len(self.ids)


def labelled_rows(
    storage: Storage, model: str, *, since_ms: int | None = None, until_ms: int | None = None
) -> Labelled:
    """The predictions of a period with their latest truth, whichever version answered.

    Parameters
    ----------
    since_ms, until_ms
        The period: predictions made at or after the one and before the other, UTC epoch milliseconds. Truth received
        at or after `until_ms` does not count either, so the same period gives the same rows whenever it is asked for.

    Notes
    -----
    A truth sent by business key counts for every prediction of that key. Without such truths, only those hours of the
    prediction log are read that the ids point to (`lookup`).
    """
    period = range(since_ms or 0, 2**62 if until_ms is None else until_ms)
    mark = marks.load(storage, model)
    by_id, by_key = _truths(storage, model, mark, period)
    rows: dict[str, tuple[int, dict[str, Any], Any]] = {}
    logged = lookup.predictions(storage, model, mark, by_id=by_id, by_key=by_key, since_hour=_first_hour(period))
    for record in logged:
        found = [truth for truth in (by_id.get(record["id"]), by_key.get(record.get("key", ""))) if truth]
        if found and record["at"] in period:
            rows[record["id"]] = (record["at"], record, max(found, key=_precedence).value)
    ordered = sorted(rows.values(), key=lambda row: (row[0], row[1]["id"]))
    return Labelled(
        ids=[record["id"] for _, record, _ in ordered],
        at_ms=np.array([at for at, _, _ in ordered], dtype=np.int64),
        versions=[record["version"] for _, record, _ in ordered],
        features=[record["features"] for _, record, _ in ordered],
        predictions=[record["prediction"] for _, record, _ in ordered],
        truths=[truth for _, _, truth in ordered],
        keys=[record.get("key") for _, record, _ in ordered],
        orphans=len(by_id.keys() - rows.keys()),
    )


def _precedence(truth: _Truth) -> tuple[int, int]:
    return truth.at, truth.received


def _truths(storage: Storage, model: str, mark: Mark, period: range) -> tuple[dict[str, _Truth], dict[str, _Truth]]:
    """The winning truth of every id and of every key, but for what is held back."""
    by_id: dict[str, _Truth] = {}
    by_key: dict[str, _Truth] = {}
    since, held = _first_hour(period), quarantine.load(storage, model)
    logged = new_lines(storage, model, "truth", {}, archive.first_hour(mark, since))
    for records in chain(archive.truths(storage, model, mark, since), (decode(lines)[0] for _, _, lines in logged)):
        for record in records:
            if record["received"] >= period.stop or held.holds(record):
                continue
            if "id" in record:
                if ids.made_at(record["id"]) not in period:
                    continue
                name, best = record["id"], by_id
            else:
                name, best = record["key"], by_key
            truth = _Truth(record["at"], record["received"], record["truth"])
            if name not in best or _precedence(truth) >= _precedence(best[name]):
                best[name] = truth
    return by_id, by_key


def _first_hour(period: range) -> str:
    """The first hour that can hold records of a period; the hour before allows for clocks that disagree."""
    return hour_of(_moment(period.start), shift=-1) if period.start else ""


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
