"""The labelled predictions that were logged with every column that a retraining reads."""

from __future__ import annotations

from dataclasses import replace

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
    return replace(
        rows,
        ids=[rows.ids[place] for place in whole],
        at_ms=rows.at_ms[np.asarray(whole, dtype=np.int64)],
        versions=[rows.versions[place] for place in whole],
        features=[rows.features[place] for place in whole],
        predictions=[rows.predictions[place] for place in whole],
        truths=[rows.truths[place] for place in whole],
    )


def _read_by(storage: Storage, model: str, version: str) -> set[str]:
    """The features of a version; none where it is gone."""
    try:
        data = Versions(storage).file(model, version, "signature.json")
    except NotFound:
        return set()
    return {feature.name for feature in Signature.from_json(orjson.loads(data)).features}
