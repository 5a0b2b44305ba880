"""Which truth of an id stands: the one with the later `at`, then the later receipt, in whatever order they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.void]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Merged:
    """Rows with others put in.

    Parameters
    ----------
    rows
        All of them, in the order of `id`.
    fresh, stands
        Which of those put in were the first of their id, and which stand in `rows` now.
    old
        For each that stands: the row that stood before, of NaN where there was none.
    repeated, corrected
        How many of those put in were of an id that had a truth: with the same error as the one that stood, or older
        than it; and with another.
    """

    rows: Rows
    fresh: Places
    stands: Places
    old: Rows
    repeated: int
    corrected: int


def merge(rows: Rows, given: Rows) -> Merged:
    """Put rows into others, one after another as they are given; `rows` are not changed.

    They are put in by turns: the first of every id at once, then the second of every id, and so on.

    Parameters
    ----------
    rows, given
        With fields `id`, `at`, `received`, `truth` and `error`; `rows` in the order of `id`, each once.
    """
    turns = _turns(given["id"])
    first = np.flatnonzero(turns == 0)
    is_known = _are_in(rows, given["id"][first])
    fresh = first[~is_known]
    added = given[fresh]
    nothing = added.copy()
    nothing["truth"] = nothing["error"] = np.nan
    before = _sorted(np.concatenate([rows, nothing]))
    after = _sorted(np.concatenate([rows, added]))
    owner = np.full(len(after), -1, dtype=np.intp)
    owner[np.searchsorted(after["id"], added["id"])] = fresh
    repeated = corrected = 0
    for turn in range(int(turns.max(initial=-1)) + 1):
        own = np.flatnonzero(turns == turn) if turn else first[is_known]
        places = np.searchsorted(after["id"], given["id"][own])
        there, new = after[places], given[own]
        stays = (there["at"] > new["at"]) | ((there["at"] == new["at"]) & (there["received"] > new["received"]))
        same = int(np.count_nonzero(stays | (there["error"] == new["error"])))
        repeated, corrected = repeated + same, corrected + len(own) - same
        after[places[~stays]], owner[places[~stays]] = new[~stays], own[~stays]
    kept = np.flatnonzero(owner >= 0)
    return Merged(
        rows=after,
        fresh=np.sort(fresh),
        stands=owner[kept],
        old=before[kept],
        repeated=repeated,
        corrected=corrected,
    )


def _turns(ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """How many entries before each have the same id."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ids)])
    lengths = np.diff(np.append(starts, len(ids)))
    turns = np.empty(len(ids), dtype=np.intp)
    turns[order] = np.arange(len(ids)) - np.repeat(starts, lengths)
    return turns


def _are_in(rows: Rows, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    places = np.minimum(np.searchsorted(rows["id"], ids), len(rows) - 1)
    return rows["id"][places] == ids if len(rows) else np.zeros(len(ids), dtype=np.bool_)


def _sorted(rows: Rows) -> Rows:
    return rows[np.argsort(rows["id"], kind="stable")]
