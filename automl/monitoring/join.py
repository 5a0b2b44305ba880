"""Truths with the predictions that they are for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from automl.lake import archive, cells, labels, lookup
from automl.lake.by_key import ByKey
from automl.lake.features import FEATURE, Layout
from automl.lake.id_columns import halves, made_at
from automl.lake.lines import Lines
from automl.lake.mark import Mark
from automl.lake.rows import schema
from automl.monitoring.ingest import News, hour_name
from automl.monitoring.state import State
from automl.monitoring.truths import Truths
from automl.storage import Storage

MAX_PENDING = 10_000
"""Truths without a prediction that are kept for later passes; the oldest beyond it count as orphans."""

_KEPT = ("id", "key", "version", "at", "prediction", "prediction_number", "probabilities", "logged")
_TOLD = ("at", "received", "truth", "truth_number")
_HOUR_MS = 3_600_000
_DAY = "1970-01-01"  # the day of the log matters to the lake alone

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Truths and the predictions they are for, row by row, in the order of the truths' receipt.

    Parameters
    ----------
    truths, predictions
        `pyarrow.Table`s of the same length; of the features of a prediction those are kept that were asked for.
    """

    truths: Any
    predictions: Any

    def __len__(self) -> int:
        return len(self.truths)

    def errors(self, kind: str) -> npt.NDArray[np.float64]:
        """What `Loss.raw_errors` gives for these, by the kind of the loss [N]."""
        if kind == "error":
            return cells.differ(self.truths, self.predictions)
        told, answered = self.truths.column("truth_number"), self.predictions.column("prediction_number")
        return np.abs(cells.numbers(told) - cells.numbers(answered))

    def of(self, ids: npt.NDArray[np.uint64]) -> tuple[list[str], list[Any]]:
        """The whole ids of some predictions among them, given their last 8 bytes; and the first truth of each."""
        known, firsts = np.unique(halves(self.predictions.column("id"))[:, 1], return_index=True)
        places = pa.array(firsts[np.searchsorted(known, ids)])
        truths = self.truths.take(places)
        values = labels.values(truths.column("truth").to_pylist(), truths.column("truth_number").to_pylist())
        return self.predictions.column("id").take(places).to_pylist(), values

    def by_version(self) -> dict[str, Pairs]:
        """The pairs of each version."""
        versions = self.predictions.column("version")
        names = sorted(versions.unique().to_pylist())
        if len(names) == 1:
            return {names[0]: self}
        chosen = {name: pc.equal(versions, name) for name in names}
        return {name: Pairs(self.truths.filter(own), self.predictions.filter(own)) for name, own in chosen.items()}


class Wanted:
    """The predictions that some truths are for.

    Parameters
    ----------
    slices
        Features that are kept of a prediction.
    """

    def __init__(self, truths: Truths, slices: Sequence[str]) -> None:
        self.truths = truths
        self._slices = frozenset(slices)
        keyed = truths.keyed
        self._ids = np.sort(truths.ids[~keyed, 1])
        keys = truths.table.column("key").filter(pa.array(keyed & truths.waited))
        self._keys = keys.combine_chunks()
        """Those are looked for in what is new alone, the others wherever they are."""

    def among(self, rows: Any) -> Any:
        """The predictions of a `pyarrow.Table` that are wanted, with what is kept of them."""
        own = _are_among(halves(rows.column("id"))[:, 1], self._ids)
        if len(self._keys):
            own |= pc.is_in(rows.column("key"), self._keys).to_numpy()
        return kept(rows.filter(pa.array(own)), self._slices)

    def are_found(self, found: Sequence[Any]) -> bool:
        """Whether every truth by id has its prediction in some tables."""
        return sum(map(len, found)) >= len(self._ids) - int(np.count_nonzero(self._ids[1:] == self._ids[:-1]))


def kept(rows: Any, slices: frozenset[str]) -> Any:
    """What is kept of predictions: not the many features that nobody asks for."""
    return rows.select(names_kept(rows.schema, slices))


def names_kept(columns: Any, slices: frozenset[str]) -> list[str]:
    """The columns of a `pyarrow.Schema` that are kept."""
    return [
        field.name
        for field in columns
        if field.name in _KEPT or (field.metadata or {}).get(FEATURE, b"").decode() in slices
    ]


def join(storage: Storage, model: str, mark: Mark, state: State, news: News, *, slices: Sequence[str] = ()) -> Pairs:
    """The truths with the prediction of each, whichever version answered.

    Of predictions that are not new only the hours are read that the ids point to, and one about them; for truth by
    business key those that the key index names. Such a truth is looked up once, then waits for the key to be
    predicted. Truths by id wait in the state while their prediction may still come; then they are orphans.

    Parameters
    ----------
    slices
        The features that are kept of each prediction.
    """
    truths, tables = Truths.of(news.truths), list(news.found)
    here = [halves(table.column("id"))[:, 1] for table in tables]
    known = np.sort(np.concatenate([np.empty(0, np.uint64), *here]))
    missing = ~truths.keyed & ~_are_among(truths.ids[:, 1], known)
    by_id = truths.table.column("id").filter(pa.array(missing)).to_pylist()
    by_key = set(truths.table.column("key").filter(pa.array(truths.keyed & ~truths.waited)).to_pylist())
    chosen = frozenset(slices)
    tables += [kept(rows, chosen) for rows in _of_ids(storage, model, mark, by_id)]
    of_keys = _of_keys(storage, model, mark, by_key, lambda columns: names_kept(columns, chosen))
    tables += [kept(rows, chosen) for rows in of_keys]
    pool = _Pool(
        pa.concat_tables([schema("predictions").empty_table().select(_KEPT), *tables], promote_options="default")
    )
    told, answered = pool.of(truths)
    is_answered = np.zeros(len(truths), dtype=np.bool_)
    is_answered[told] = True
    _keep(state, truths, np.flatnonzero(~is_answered))
    return Pairs(truths.table.select(_TOLD).take(pa.array(told)), pool.rows.take(pa.array(answered)))


def _of_ids(storage: Storage, model: str, mark: Mark, given: Sequence[str]) -> Iterator[Any]:
    """The predictions of some ids, wherever they are, as `pyarrow.Table`s."""
    if given:
        known = np.unique(halves(pa.array(given, pa.string()))[:, 1])
        yield from archive.prediction_rows(storage, model, mark, given)
        for rows in _parsed(lookup.logged(storage, model, mark, given)):
            yield rows.filter(pa.array(_are_among(halves(rows.column("id"))[:, 1], known)))


def _of_keys(
    storage: Storage, model: str, mark: Mark, given: Collection[str], columns: Callable[[Any], list[str]]
) -> Iterator[Any]:
    """The predictions of some business keys, wherever they are, as `pyarrow.Table`s; of the lake's some columns."""
    if given:
        look, known = ByKey(storage, model, mark, given), pa.array(sorted(given), pa.string())
        yield from look.stored(columns=columns)
        for rows in _parsed(look.logged()):
            yield rows.filter(pc.is_in(rows.column("key"), known))


def _parsed(batches: Iterable[list[bytes]]) -> Iterator[Any]:
    """Lines of the prediction log as `pyarrow.Table`s."""
    reader = Lines("predictions", Layout(schema("predictions")))
    for lines in batches:
        if lines:
            yield reader.table(b"\n".join([*lines, b""]), _DAY)[0]


class _Pool:
    """Predictions, each once, to be found by id or key."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self._ids, self._places = np.unique(halves(rows.column("id"))[:, 1], return_index=True)

    def of(self, truths: Truths) -> tuple[Places, Places]:
        """Which truth is for which prediction, in the order of the truths."""
        keyed, last = truths.keyed, truths.ids[:, 1]
        told = np.flatnonzero(~keyed & _are_among(last, self._ids))
        answered = self._places[np.searchsorted(self._ids, last[told])]
        if keyed.any():
            by_key = [
                (place, prediction)
                for place in np.flatnonzero(keyed).tolist()
                for prediction in self._by_key.get(truths.table.column("key")[place].as_py(), ())
            ]
            told = np.append(told, np.array([place for place, _ in by_key], dtype=np.intp))
            answered = np.append(answered, np.array([prediction for _, prediction in by_key], dtype=np.intp))
        order = np.argsort(told, kind="stable")
        return told[order], answered[order]

    @cached_property
    def _by_key(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        keys = self.rows.column("key").take(pa.array(self._places)).to_pylist()
        for place, key in zip(self._places.tolist(), keys, strict=True):
            found.setdefault(key, []).append(place)
        return found


def _keep(state: State, truths: Truths, places: Places) -> None:
    """Put what has no prediction back into the state, as far as it may still get one."""
    # A record is written in the hour its id was made, or in the next.
    hours = (made_at(truths.ids[places, 0]) // _HOUR_MS + 1).tolist()
    may_come = truths.keyed[places] | np.array([hour_name(hour) >= state.since_hour for hour in hours], np.bool_)
    staying = places[may_come][-MAX_PENDING:]
    state.pending = [truth | {"waited": True} for truth in truths.records(staying)]
    state.count("orphaned", len(places) - len(staying))


def _are_among(ids: npt.NDArray[np.uint64], known: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which ids are among some that are sorted."""
    if not len(known):
        return np.zeros(len(ids), dtype=np.bool_)
    found: npt.NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, ids), len(known) - 1)] == ids
    return found
