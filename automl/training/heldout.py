"""Holdout rows as a file of a version, so that later models can be compared on rows that neither trained on."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.tensors import Tensors
from automl.values import MISSING

MAX_ROWS = 5_000
"""Most rows that are kept, drawn by chance from the holdout."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heldout:
    """Rows that a version was not trained on.

    Parameters
    ----------
    tensors
        The rows.
    truth
        [N]: positions in the signature's classes (int64), or numbers (float64).
    hashes
        uint64 [N], from `rowhash.row_hashes`.
    """

    tensors: Tensors
    truth: npt.NDArray[Any]
    hashes: npt.NDArray[np.uint64]


def dump(rows: Heldout, *, seed: int) -> bytes:
    """The rows, at most `MAX_ROWS` of them, as an .npz file without pickles."""
    count = len(rows.truth)
    kept = np.arange(count)
    if count > MAX_ROWS:
        kept = np.sort(np.random.default_rng(seed).choice(count, MAX_ROWS, replace=False))
    sink = io.BytesIO()
    cat = rows.tensors.cat[kept]
    np.savez_compressed(
        sink,
        num=rows.tensors.num[kept],
        cat=cat.astype(np.str_) if cat.size else np.empty(cat.shape, dtype="<U1"),
        truth=rows.truth[kept],
        hashes=rows.hashes[kept],
    )
    return sink.getvalue()


def load(data: bytes) -> Heldout:
    """The rows that `dump` wrote.

    numpy drops a final U+0000 from its strings, so the missing category comes back as an empty one, which no other
    category is.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        cat = file["cat"].astype(object)
        cat[np.frompyfunc(len, 1, 1)(cat).astype(np.int64) == 0] = MISSING
        return Heldout(tensors=Tensors(num=file["num"], cat=cat), truth=file["truth"], hashes=file["hashes"])
