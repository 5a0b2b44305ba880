"""The rows of a run: its table, and for a retraining the labelled predictions, cut to a window."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from automl import rewritten, values
from automl.errors import InvalidInput, Problem
from automl.export.prep import Prep
from automl.run import Run
from automl.settings import LakeMode
from automl.signature import Signature
from automl.spec import Spec
from automl.storage import RAW, Missing, Storage
from automl.tensors import Tensors
from automl.training.candidates import with_every_class
from automl.training.dataset import read_table
from automl.training.erased_rows import without_erased
from automl.training.infer import Inferred, infer
from automl.training.kept import Kept, keep
from automl.training.labelled import Added, read_labelled
from automl.training.repairs import keep as keep_aside
from automl.training.table import Table
from automl.training.window import Window, choose

RARE = 5
"""Rows of each class that a window keeps, from before it if need be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """All rows a run may train on, oldest first where they have an order.

    Parameters
    ----------
    signature
        Types and classes, not yet described.
    target
        [N]: class indexes (int64) or numbers (float64).
    added, window
        For a retraining only.
    kept
        The same rows in the dataset; None where they are not there, `source` says why.
    source
        What the manifest says of the table and of the dataset.
    """

    signature: Signature
    tensors: Tensors
    target: npt.NDArray[Any]
    added: Added | None
    window: Window | None
    kept: Kept | None
    source: dict[str, Any]


def load(storage: Storage, run: Run, spec: Spec, *, at: datetime, lake: LakeMode) -> Rows:
    """Read what a run trains on, and keep it in the lake.

    Parameters
    ----------
    at
        The present moment.

    Raises
    ------
    InvalidInput
        The upload is gone or was changed, or cannot be trained on.
    """
    data, source = _read(storage, run)
    table = read_table(data, run.data["format"])
    uploaded = _uploaded(storage, run.data["blob"], source["sha256"])
    table, erased = without_erased(storage, run.model, table, spec.columns.key, uploaded=uploaded)
    inferred = infer(table, spec)
    source |= {"rows": table.rows, "rows_without_target": inferred.dropped, "rows_erased": erased}
    source |= keep_aside(storage, run.data["blob"], table.remarks, table.aside)
    signature, order = inferred.signature, _oldest_first(inferred)
    tensors, target = inferred.tensors[order], inferred.target.values[order]
    added = None
    if run.labelled is not None:
        added = read_labelled(storage, run.model, signature, run.labelled, hold_back=spec.retrain.hold_back)
        tensors = Tensors.concat([tensors, added.tensors])
        target = np.concatenate([target, added.target])
    keys = _keys(table, spec.columns.key, inferred.target.rows[order])
    kept = keep(
        storage, run.model, signature, tensors, target,
        blob=run.data["blob"], keys=keys, added=added, at=at, lake=lake,
    )  # fmt: skip
    window = None
    if added is not None:
        window = choose(
            spec.retrain,
            signature,
            tensors,
            target,
            predicted_ms=added.at_ms,
            transform=lambda rows: Prep.fit(signature, rows).transform(rows),
            seed=spec.search.seed,
        )
        used = window.chosen.places(len(target), seed=spec.search.seed)
        used = with_every_class(target, used, classes=len(signature.classes), least=RARE)
        tensors, target = tensors[used], target[used]
        kept = kept if isinstance(kept, str) else kept[used]
    source["dataset"] = {"reason": kept} if isinstance(kept, str) else kept.to_json(run.model)
    return Rows(
        signature=signature,
        tensors=tensors,
        target=target,
        added=added,
        window=window,
        kept=None if isinstance(kept, str) else kept,
        source=source,
    )


def _read(storage: Storage, run: Run) -> tuple[bytes, dict[str, Any]]:
    """The upload and what the manifest says of it."""
    name, etag = run.data["blob"], run.data.get("etag")
    remedy = "Upload the table again and ask for a run on it."
    try:
        blob = storage.get(RAW, name)
    except Missing:
        blob = None
    if blob is None:
        raise InvalidInput.of([Problem(expected=f"the upload '{name}'", got="no such blob", remedy=remedy)])
    digest = hashlib.sha256(blob.data).hexdigest()
    # a table brought back from a backup has another ETag and the same bytes
    is_same = etag is None or blob.etag == etag or digest == run.data.get("sha256")
    if not is_same and not _is_rewritten(storage, run, digest):
        got = "one that was changed since the run was asked for"
        raise InvalidInput.of([Problem(expected=f"the upload '{name}'", got=got, remedy=remedy)])
    source = {
        "blob": name,
        "etag": blob.etag,
        "format": run.data["format"],
        "sha256": digest,
    }
    return blob.data, source


def _is_rewritten(storage: Storage, run: Run, digest: str) -> bool:
    """Whether bytes of this hash are the run's table, without the rows of keys that were erased since."""
    known = rewritten.find(storage, run.data["blob"])
    return known is not None and known.has(digest) and known.is_named(run.data)


def _uploaded(storage: Storage, blob: str, digest: str) -> datetime | None:
    """When the table of a blob came; None where it is not there any more."""
    modified = next((info.modified for info in storage.find(RAW, blob) if info.name == blob), None)
    return None if modified is None else rewritten.uploaded_at(storage, blob, digest, modified)


def _oldest_first(inferred: Inferred) -> npt.NDArray[np.int64]:
    """Positions of the rows of the table, oldest first when a time column says which that is."""
    if inferred.order is None:
        return np.arange(len(inferred.tensors))
    return np.argsort(np.where(np.isnan(inferred.order), -np.inf, inferred.order), kind="stable")


def _keys(table: Table, column: str | None, rows: npt.NDArray[np.int64]) -> list[str | None]:
    """The business keys of some rows of the table, as scoring reads them; None where there are none."""
    if column is None:
        return [None] * len(rows)
    cells = table.columns[column]
    return [_key(cells[row]) for row in rows.tolist()]


def _key(cell: Any) -> str | None:
    try:
        text = values.category(cell)
    except ValueError:
        return str(cell)  # such as a date, by which nobody can ask for a score
    return None if text == values.MISSING else text
