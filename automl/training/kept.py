"""The rows of a run in the lake, and what its version says to find them again."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.errors import Rejected, Unavailable
from automl.lake import datasets
from automl.lake.dataset_rows import Batch, Numbers
from automl.settings import LakeMode
from automl.signature import Signature
from automl.storage import LAKE, Storage
from automl.tensors import Tensors
from automl.training.labelled import Added
from automl.training.rowhash import UInt64, digest, fingerprints, row_hashes

FILE = "dataset.npz"
"""The file of a version that has the numbers of its rows in the dataset."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """Rows that are in the dataset, in the order of the run.

    Parameters
    ----------
    version
        A version of the table that has them all.
    numbers
        int64 [N]: by which they are found in any later one.
    hashes
        uint64 [N], from `rowhash.row_hashes`.
    """

    version: int
    numbers: Numbers
    hashes: UInt64

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Kept:
        return Kept(version=self.version, numbers=self.numbers[rows], hashes=self.hashes[rows])

    def to_json(self, model: str) -> dict[str, Any]:
        """What the manifest says of them."""
        table = f"{LAKE}/{model}/{datasets.TABLE}"
        return {
            "table": table,
            "version": self.version,
            "rows": len(self.numbers),
            "sha256": digest(self.hashes),
            "file": FILE,
        }

    def to_file(self) -> bytes:
        """The numbers as an .npz file without pickles: how far each is from the one before, which packs well."""
        sink = io.BytesIO()
        np.savez_compressed(sink, steps=np.diff(self.numbers, prepend=0))
        return sink.getvalue()


def keep(
    storage: Storage,
    model: str,
    signature: Signature,
    tensors: Tensors,
    target: npt.NDArray[Any],
    *,
    blob: str,
    keys: Sequence[str | None],
    added: Added | None,
    at: datetime,
    lake: LakeMode,
) -> Kept | str:
    """Have the rows of a run in its model's dataset; or why they are not: a fault of the lake stops no training.

    Parameters
    ----------
    tensors, target
        The rows of the table, then those of `added`.
    blob, keys
        Where the table is from, and the business keys of its rows.
    at
        When they are added.
    """
    if lake == "off":
        return "EVERGREEN_LAKE is off"
    labelled = len(added.ids) if added else 0
    ids = [None] * (len(target) - labelled) + (added.ids if added else [])
    known = [*keys, *(added.keys if added else [])]
    hashes = row_hashes(signature, tensors, target)
    batch = Batch(
        signature=signature,
        tensors=tensors,
        target=target,
        fingerprints=fingerprints(hashes, [name or key or "" for name, key in zip(ids, known, strict=True)]),
        sources=[blob] * (len(target) - labelled) + [datasets.LABELLED] * labelled,
        ids=ids,
        keys=known,
    )
    try:
        version, numbers = datasets.add(storage, model, batch, at.date())
    except Unavailable as error:
        _log.warning("The rows of a run of model %s are not kept: %s", model, error)
        return error.message
    return Kept(version=version, numbers=numbers, hashes=hashes)


def recall(
    storage: Storage, model: str, signature: Signature, told: dict[str, Any], file: bytes
) -> tuple[Tensors, npt.NDArray[Any]]:
    """The rows that a version was made of, in its order, with their targets.

    Parameters
    ----------
    told
        `data.dataset` of its manifest.
    file
        Its `FILE`.

    Raises
    ------
    NotFound, Unavailable
        Rows are not there any more; the lake cannot be reached.
    Rejected
        They are not what they were.
    """
    tensors, target = datasets.read(storage, model, signature, numbers_in(file))
    if digest(row_hashes(signature, tensors, target)) != told["sha256"]:
        raise Rejected(f"The rows in {told['table']} are not those that the version was made of: they were changed.")
    return tensors, target


def numbers_in(file: bytes) -> Numbers:
    """The numbers that `Kept.to_file` wrote, int64 [N]."""
    with np.load(io.BytesIO(file), allow_pickle=False) as steps:
        numbers: Numbers = np.cumsum(steps["steps"])
    return numbers
