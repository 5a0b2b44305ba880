"""The rows of a run: its table, and for a retraining the labelled predictions, cut to a window."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.errors import InvalidInput, Problem
from automl.export.prep import Prep
from automl.runs import Run
from automl.signature import Signature
from automl.spec import Spec
from automl.storage import RAW, Missing, Storage
from automl.tensors import Tensors
from automl.training.dataset import read_table
from automl.training.infer import Inferred, infer
from automl.training.labelled import Added, read_labelled
from automl.training.repairs import keep
from automl.training.window import Window, choose, with_every_class

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
    source
        What the manifest says of the table.
    """

    signature: Signature
    tensors: Tensors
    target: npt.NDArray[Any]
    added: Added | None
    window: Window | None
    source: dict[str, Any]


def load(storage: Storage, run: Run, spec: Spec) -> Rows:
    """Read what a run trains on.

    Raises
    ------
    InvalidInput
        The upload is gone or was changed, or cannot be trained on.
    """
    data, source = _read(storage, run)
    table = read_table(data, run.data["format"])
    inferred = infer(table, spec)
    source |= {"rows": table.rows, "rows_without_target": inferred.dropped}
    source |= keep(storage, run.data["blob"], table.remarks, table.aside)
    signature = inferred.signature
    tensors, target = _in_order(inferred)
    if run.labelled is None:
        return Rows(signature=signature, tensors=tensors, target=target, added=None, window=None, source=source)
    added = read_labelled(storage, run.model, signature, run.labelled, hold_back=spec.retrain.hold_back)
    tensors = Tensors.concat([tensors, added.tensors])
    target = np.concatenate([target, added.target])
    window = choose(
        spec.retrain.window,
        signature,
        tensors,
        target,
        labelled=len(added.target),
        transform=lambda rows: Prep.fit(signature, rows).transform(rows),
        seed=spec.search.seed,
    )
    kept = with_every_class(target, window.rows, classes=len(signature.classes), least=RARE)
    return Rows(
        signature=signature, tensors=tensors[kept], target=target[kept], added=added, window=window, source=source
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
    if etag is not None and blob.etag != etag and digest != run.data.get("sha256"):
        got = "one that was changed since the run was asked for"
        raise InvalidInput.of([Problem(expected=f"the upload '{name}'", got=got, remedy=remedy)])
    source = {
        "blob": name,
        "etag": blob.etag,
        "format": run.data["format"],
        "sha256": digest,
    }
    return blob.data, source


def _in_order(inferred: Inferred) -> tuple[Tensors, npt.NDArray[Any]]:
    """The rows of the table, oldest first when a time column says which that is."""
    if inferred.order is None:
        return inferred.tensors, inferred.target.values
    oldest_first = np.argsort(np.where(np.isnan(inferred.order), -np.inf, inferred.order), kind="stable")
    return inferred.tensors[oldest_first], inferred.target.values[oldest_first]
