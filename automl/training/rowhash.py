"""A number for each labelled row, by which two versions' training and holdout rows are told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import values
from automl.signature import Label, Signature
from automl.tensors import Tensors

UInt64 = npt.NDArray[np.uint64]


def row_hashes(signature: Signature, tensors: Tensors, target: npt.NDArray[Any]) -> UInt64:
    """Hashes of rows with their target, uint64 [N].

    Equal rows have equal hashes under any signature with the same columns, whatever their order, and whatever the
    order of the classes. Columns are mixed one by one (the finaliser of MurmurHash3 by Austin Appleby) and added up.

    Parameters
    ----------
    target
        [N]: class indexes or numbers.
    """
    total = np.zeros(len(tensors), dtype=np.uint64)
    for index, feature in enumerate(signature.numbers):
        total += _mixed(feature.name, _of_floats(tensors.num[:, index]))
    for index, feature in enumerate(signature.categories):
        total += _mixed(feature.name, _of_texts(tensors.cat[:, index].tolist()))
    if signature.task == "regression":
        truth = _of_floats(target.astype(np.float64))
    else:
        truth = _of_labels(signature.classes)[target]
    return _mix(total + _mixed(signature.target, truth))


def fingerprints(hashes: UInt64, names: Sequence[str]) -> UInt64:
    """Hashes of rows that differ where only a name does, or where nothing does: the same row for the second time has
    another than for the first.

    Parameters
    ----------
    hashes
        [N], from `row_hashes`.
    names
        [N]: what else tells the rows apart.
    """
    named = _mix(hashes ^ _mix(_of_texts(names)))
    order = np.argsort(named, kind="stable")
    ranked = named[order]
    begins = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(ranked) else np.arange(0)
    times = np.empty(len(named), dtype=np.uint64)
    times[order] = np.arange(len(named)) - np.repeat(begins, np.diff([*begins, len(named)]))
    return _mix(named + times)


def digest(hashes: UInt64) -> str:
    """SHA-256 of rows in their order, in hex, from their hashes."""
    return hashlib.sha256(hashes.astype("<u8").tobytes()).hexdigest()


def _of_floats(column: npt.NDArray[np.float64]) -> UInt64:
    canonical = np.where(np.isnan(column), np.nan, column + 0.0)  # one NaN, and no negative zero
    return np.ascontiguousarray(canonical).view(np.uint64)


def _of_texts(column: Sequence[str]) -> UInt64:
    known = {text: _of_text(text) for text in set(column)}
    return np.fromiter((known[text] for text in column), dtype=np.uint64, count=len(column))


def _of_labels(classes: Sequence[Label]) -> UInt64:
    return np.asarray([_of_text(values.category(label)) for label in classes], dtype=np.uint64)


def _of_text(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mixed(name: str, column: UInt64) -> UInt64:
    return _mix(column ^ np.uint64(_of_text(name)))


def _mix(words: UInt64) -> UInt64:
    """Spread every bit over all others; wraps around as unsigned arithmetic does."""
    words = (words ^ (words >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    words = (words ^ (words >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return words ^ (words >> np.uint64(33))
