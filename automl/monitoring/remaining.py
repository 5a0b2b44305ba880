"""What an erasure cannot take out and so has to tell: tables of the owner's, and versions, which never change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from automl import spec, uploads, values
from automl.errors import InvalidInput, NotFound
from automl.lake import datasets
from automl.lake.dataset_rows import Numbers
from automl.monitoring import drops, tables
from automl.monitoring.erased import Target
from automl.registry import Registry
from automl.signature import Signature
from automl.storage import RAW, Missing
from automl.training import heldout, kept
from automl.training.dataset import read_table
from automl.training.rowhash import row_hashes


def in_uploads(target: Target) -> dict[str, int | None]:
    """How many rows of the key each uploaded or dropped table has that has any; None for one that cannot be read."""
    column = spec.load(target.storage, target.model).columns.key
    found: dict[str, int | None] = {}
    for name, where, kind in _tables(target) if column else ():
        try:
            blob = target.storage.get(RAW, where)
            assert blob is not None  # noqa: S101  (no ETag was given)
            cells = read_table(blob.data, kind or drops.format_of(where)).columns.get(column or "", [])
        except Missing:
            continue
        except InvalidInput:
            found[name] = None
            continue
        if count := sum(_is(cell, target.key) for cell in cells):
            found[name] = count
    return found


def _tables(target: Target) -> Iterator[tuple[str, str, str | None]]:
    """Name, blob and format of each table; the format of a dropped one follows from its name."""
    for name, upload in uploads.all_of(target.storage, target.model).items():
        yield name, upload.blob, upload.format
    for info in tables.dropped(target.storage, target.model):
        yield info.name.removeprefix(f"{target.model}/"), info.name, None


def in_versions(registry: Registry, target: Target) -> list[dict[str, Any]]:
    """Versions that were trained on rows of the key; to be asked before those are erased from the dataset.

    Returns
    -------
    Objects with `version`, `rows`, and `holdout_rows`: how many of these its own holdout file has. Versions whose
    rows are not in the dataset are not among them.
    """
    erased = datasets.numbers_of(target.storage, target.model, datasets.erased_by(target.key, target.ids))
    return list(_of_versions(registry, target, erased)) if len(erased) else []


def _of_versions(registry: Registry, target: Target, erased: Numbers) -> Iterator[dict[str, Any]]:
    for version in registry.versions(target.model):
        try:
            file = registry.file(target.model, version, kept.FILE)
        except NotFound:
            continue
        own = np.intersect1d(kept.numbers_in(file), erased)
        if len(own):
            held = _held(registry, target, version, own)
            yield {"version": version, "rows": len(own), "holdout_rows": held}


def _held(registry: Registry, target: Target, version: str, numbers: Numbers) -> int:
    signature = Signature.from_json(orjson.loads(registry.file(target.model, version, "signature.json")))
    tensors, truth = datasets.read(target.storage, target.model, signature, numbers)
    rows = heldout.load(registry.file(target.model, version, "holdout.npz"))
    return int(np.isin(rows.hashes, row_hashes(signature, tensors, truth)).sum())


def _is(cell: Any, key: str) -> bool:
    try:
        return values.category(cell) == key
    except ValueError:
        return False
