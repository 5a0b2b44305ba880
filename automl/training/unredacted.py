"""The labelled predictions that were logged with every column that a retraining reads."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import orjson

from automl.errors import NotFound
from automl.lake.labelled import Labelled
from automl.signature import Signature
from automl.storage import Storage
from automl.versions import Versions


def unredacted(storage: Storage, model: str, signature: Signature, rows: Labelled) -> Labelled:
    """The rows whose log lacks none of the signature's columns that their own version read.

    Such a column was there and kept out of the log (`monitor.redact`); taken for missing, it would teach that it
    mostly is. A column that the row's version did not read is another thing: it is new.
    """
    wanted = {feature.name for feature in signature.features}
    needed = {version: wanted & _read_by(storage, model, version) for version in set(rows.versions)}
    whole = [
        place
        for place, (version, record) in enumerate(zip(rows.versions, rows.features, strict=True))
        if needed[version] <= record.keys()
    ]
    if len(whole) == len(rows):
        return rows
    columns = {item.name: getattr(rows, item.name) for item in fields(rows)}
    return Labelled(**{name: _taken(column, whole) for name, column in columns.items()})


def _read_by(storage: Storage, model: str, version: str) -> set[str]:
    """The features of a version; none where it is gone."""
    try:
        data = Versions(storage).file(model, version, "signature.json")
    except NotFound:
        return set()
    return {feature.name for feature in Signature.from_json(orjson.loads(data)).features}


def _taken(column: Any, places: list[int]) -> Any:
    """Some entries of one field of `Labelled`; a number that is not about single rows stays."""
    if isinstance(column, list):
        return [column[place] for place in places]
    return column[np.asarray(places, dtype=np.int64)] if isinstance(column, np.ndarray) else column
