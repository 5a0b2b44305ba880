"""Which rows of the logs are new: a line that is logged twice, wherever and whenever, is one row.

Of each prediction the last 8 bytes of its id are kept, of each truth a hash, by the hour in which it was made or
received. Two rows of an hour of a million are taken for one about once in ten million hours.
"""

from __future__ import annotations

from hashlib import blake2s
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.lake.cells import distinct
from automl.lake.id_columns import halves, made_at
from automl.monitoring.ingest import hour_name
from automl.monitoring.ledger import Kind, Ledger

PREDICTED, TOLD = Kind("predicted", np.dtype("<u8")), Kind("told", np.dtype("<u8"))
"""Sorted keys of the rows of an hour."""

_HOUR_MS = 3_600_000

Keys = npt.NDArray[np.uint64]


def new_predictions(ledger: Ledger, rows: Any) -> Any:
    """Those of some predictions (`pyarrow.Table`) that were not seen before, and remember them."""
    first, last = halves(rows.column("id")).T
    answered = np.zeros(len(rows), dtype=np.uint64)
    for name in ("version", "role"):
        answered = _mixed(answered, _hashes(rows.column(name)))
    return _new(ledger, PREDICTED, rows, made_at(first), last ^ answered)


def new_truths(ledger: Ledger, rows: Any) -> Any:
    """Those of some truths (`pyarrow.Table`) that were not seen before, and remember them."""
    return _new(ledger, TOLD, rows, milliseconds(rows.column("received")), keys_of(rows))


def keys_of(truths: Any) -> Keys:
    """A hash of each of some truths."""
    found = halves(truths.column("id"))[:, 1]
    for name in ("key", "truth"):
        found = _mixed(found, _hashes(truths.column(name)))
    for name in ("at", "received"):
        found = _mixed(found, milliseconds(truths.column(name)).astype(np.uint64))
    numbers = truths.column("truth_number").fill_null(0.0).to_numpy()
    return _mixed(found, np.ascontiguousarray(numbers).view(np.uint64))


def milliseconds(moments: Any) -> npt.NDArray[np.int64]:
    """A `pyarrow` column of moments as epoch milliseconds."""
    import pyarrow as pa

    found: npt.NDArray[np.int64] = moments.cast(pa.int64()).to_numpy() // 1000
    return found


def _new(ledger: Ledger, kind: Kind, rows: Any, at_ms: npt.NDArray[np.int64], keys: Keys) -> Any:
    import pyarrow as pa

    is_new = np.zeros(len(rows), dtype=np.bool_)
    numbers, which = np.unique(at_ms // _HOUR_MS, return_inverse=True)
    hours = [hour_name(number) for number in numbers.tolist()]
    ledger.fetch(kind, hours)
    for place, hour in enumerate(hours):
        here, known = np.flatnonzero(which == place), ledger.read(kind, hour)
        own, firsts = np.unique(keys[here], return_index=True)
        places = np.searchsorted(known, own)
        fresh = known[np.minimum(places, len(known) - 1)] != own if len(known) else np.ones(len(own), np.bool_)
        is_new[here[firsts[fresh]]] = True
        if fresh.any():
            ledger.put(kind, hour, np.insert(known, places[fresh], own[fresh]))
    return rows if is_new.all() else rows.filter(pa.array(is_new))


def _hashes(texts: Any) -> Keys:
    """A hash of each text of a `pyarrow` column."""
    places, known = distinct(texts)
    own = [int.from_bytes(blake2s(text.encode(), digest_size=8).digest()) for text in known]
    return np.array([*own, 0], dtype=np.uint64)[places]


def _mixed(keys: Keys, more: Keys) -> Keys:
    """Both in one; the steps are those of SplitMix64 (Steele, Lea and Flood 2014)."""
    mixed = (keys * np.uint64(31)) ^ more
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
