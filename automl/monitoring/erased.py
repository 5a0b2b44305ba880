"""The places where something of a business key may be: how much there is of it, and how it is taken out.

Each place tells first how many rows it would erase, so that the receipt can say so before any is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from automl import quarantine
from automl.lake import datasets, delta, erasing, key_erasing
from automl.lake import mark as marks
from automl.lake.erasing import Wanted
from automl.log import Kind, rewriting
from automl.log.reader import decode, hour_of
from automl.log.records import ID
from automl.log.rewriting import IsWanted
from automl.monitoring import labels
from automl.monitoring import state as states
from automl.monitoring.ingest import CLOSED_AFTER_HOURS, hour_in
from automl.monitoring.ledger import Ledger
from automl.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be erased of one model.

    Parameters
    ----------
    ids
        Prediction ids of the key.
    until_ms
        When it was asked for, epoch milliseconds: what came for the key later stays.
    """

    storage: Storage
    model: str
    key: str
    ids: frozenset[str]
    until_ms: int

    @property
    def mark(self) -> bytes:
        """How a line of the log holds the key."""
        return b'"key":' + orjson.dumps(self.key)

    def covers(self, record: Mapping[str, Any], when: str) -> bool:
        """Whether a record is of the key and not later than the request."""
        return record.get("key") == self.key and record.get(when, 0) <= self.until_ms

    def is_prediction(self, line: bytes) -> bool:
        """Whether a line of the prediction log goes; a torn one that names the key does, too."""
        return self.mark in line and all(self.covers(record, "at") for record in decode([line])[0])

    def is_truth(self, line: bytes) -> bool:
        """Whether a line of the truth log goes: it is of the key, or of one of its predictions."""
        if line[ID].decode(errors="replace") in self.ids:
            return True
        return self.mark in line and all(self.covers(record, "received") for record in decode([line])[0])

    def rows(self, when: str, *, by_id: bool) -> Wanted:
        """Tells the rows of a table of the lake, by the column that has their time."""
        import pyarrow as pa
        import pyarrow.compute as pc

        keys, ids = pa.array([self.key], pa.string()), pa.array(sorted(self.ids), pa.string())
        until = pa.scalar(datetime.fromtimestamp(self.until_ms / 1000, UTC), pa.timestamp("us", "UTC"))

        def wanted(batch: Any) -> Any:
            of_key = pc.and_(pc.is_in(batch.column("key"), keys), pc.less_equal(batch.column(when), until))
            return pc.or_(of_key, pc.is_in(batch.column("id"), ids)) if by_id else of_key

        return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Rows that were found, and what takes them out.

    Parameters
    ----------
    rows
        How many, by the part of the place that they go from in one step: a blob of the log, a day of a table,
        an hour of the key index.
    erase
        Takes them out. Where there are none, it brings to its end what an earlier look had begun in this place: rows
        may be gone, and the data files of the lake that held them not yet.
    """

    name: str
    rows: Mapping[str, int]
    erase: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The predictions of a key that there are.

    Parameters
    ----------
    ids
        Their ids, by log and lake.
    logged
        Their lines in each log blob that has any.
    """

    ids: frozenset[str]
    logged: Mapping[str, Sequence[bytes]]


def seen(target: Target) -> Seen:
    """Look through log and lake for predictions of the key."""
    logged = rewriting.find(target.storage, target.model, "predictions", target.is_prediction)
    ids = {str(record["id"]) for lines in logged.values() for record in decode(lines)[0]}
    table = delta.open_table(target.storage, target.model, "predictions")
    is_wanted = target.rows("at", by_id=False)
    for batch in table.scan(["id", "key", "at"]) if table else ():
        ids.update(batch.filter(is_wanted(batch)).column("id").to_pylist())
    return Seen(ids=frozenset(ids), logged=logged)


def places(target: Target, logged: Mapping[str, Sequence[bytes]], now: datetime) -> Iterator[Place]:
    """All places, one after another; predictions last, as what is of a prediction is found by them, and then the
    index of their keys.

    Parameters
    ----------
    logged
        What was `seen` of the key in the prediction log, which is not read again for it.
    """
    truths = rewriting.find(target.storage, target.model, "truth", target.is_truth)
    yield _in_log(target, "truth", truths, target.is_truth, now)
    yield _in_lake(target, "truth", "received", by_id=True)
    yield _in_quarantine(target)
    yield _in_monitor(target, now)
    yield _in_dataset(target)
    yield _in_lake(target, "predictions", "at", by_id=False)
    yield _in_log(target, "predictions", logged, target.is_prediction, now)
    yield _in_key_index(target)


def _in_log(
    target: Target, kind: Kind, found: Mapping[str, Sequence[bytes]], is_wanted: IsWanted, now: datetime
) -> Place:
    """Lines of the hours that are closed; in their blobs nothing is added any more."""
    open_from = hour_of(now, shift=-CLOSED_AFTER_HOURS)
    closed = {blob: len(lines) for blob, lines in found.items() if hour_in(blob) < open_from}

    def erase() -> None:
        for blob in closed:
            rewriting.take_out(target.storage, blob, is_wanted)

    return Place(name=f"log/{kind}", rows=closed, erase=erase)


def _in_lake(target: Target, kind: Kind, when: str, *, by_id: bool) -> Place:
    is_wanted = target.rows(when, by_id=by_id)
    days = erasing.find(target.storage, target.model, kind, ["id", "key", when], is_wanted)
    erase = partial(erasing.take_out, target.storage, target.model, kind, sorted(days), is_wanted)
    return Place(name=f"lake/{kind}", rows=days, erase=erase)


def _in_key_index(target: Target) -> Place:
    mark = marks.load(target.storage, target.model)
    count, days = key_erasing.find(target.storage, target.model, mark, target.key)
    return Place(
        name="key index", rows=count, erase=partial(key_erasing.take_out, target.storage, target.model, days)
    )


def _in_dataset(target: Target) -> Place:
    is_wanted, name = datasets.erased_by(target.key, target.ids), datasets.TABLE
    days = erasing.find(target.storage, target.model, name, ["id", "key"], is_wanted)
    erase = partial(erasing.take_out, target.storage, target.model, name, sorted(days), is_wanted)
    return Place(name=f"lake/{name}", rows=days, erase=erase)


def _in_quarantine(target: Target) -> Place:
    """Names of truths that are held; an entry without any would hold all of its hour, so it goes."""
    known = quarantine.load(target.storage, target.model)
    gone = {target.key, *target.ids}
    entries = [replace(one, names=tuple(name for name in one.names if name not in gone)) for one in known.entries]
    left = tuple(after for after, one in zip(entries, known.entries, strict=True) if after.names or not one.names)
    rows = sum(len(gone.intersection(one.names)) for one in known.entries)

    def erase() -> None:
        if rows:
            quarantine.save(target.storage, target.model, replace(known, entries=left))

    return Place(name="quarantine", rows={"names": rows} if rows else {}, erase=erase)


def _in_monitor(target: Target, now: datetime) -> Place:
    """Labelled rows, and truths that wait for their prediction."""
    state = states.load(target.storage, target.model)
    ledger = Ledger(target.storage, target.model, state, now)
    waiting = [
        truth for truth in state.pending if truth.get("id") not in target.ids and not target.covers(truth, "received")
    ]
    rows = len(state.pending) - len(waiting)
    state.pending = waiting
    rows += labels.forget(state, ledger, sorted(target.ids))

    def erase() -> None:
        if rows:
            ledger.write()
            states.save(target.storage, target.model, state)
            ledger.tidy(everywhere=True)

    return Place(name="monitor", rows={"state": rows} if rows else {}, erase=erase)
