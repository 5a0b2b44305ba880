"""What an erasure cannot take out and so has to tell: versions never change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from automl.errors import NotFound
from automl.lake import datasets
from automl.lake.dataset_rows import Numbers
from automl.monitoring.erased import Target
from automl.registry import Registry
from automl.signature import Signature
from automl.training import heldout, kept
from automl.training.rowhash import row_hashes


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
