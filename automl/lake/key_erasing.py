"""A business key taken out of the key index, once its predictions are gone.

A key that is predicted again, and one that only shares its hash, stay: what has the hash is made anew of what log and
lake have now.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.lake import archive
from automl.lake.key_index import KeyIndex
from automl.lake.key_part import Part, hours_of
from automl.lake.key_sources import of_hours, of_table
from automl.lake.mark import Mark
from automl.storage import Storage


def find(storage: Storage, model: str, mark: Mark, key: str) -> tuple[dict[str, int], dict[str, Part]]:
    """How many entries of each hour have the hash of a key that no prediction has there any more, and the days of
    these as they have to be.
    """
    index, counts, anew = KeyIndex(storage, model), dict[str, int](), dict[str, Part]()
    hashes = index.hashes.of([key])
    table = archive.open_kind(storage, model, "predictions", mark)
    for day in index.days():
        whole = index.day(day)
        own = whole.of(hashes)
        if not len(own):
            continue
        if table is not None and day < mark.kept_from:
            part = of_table(table, day, index.hashes)
            gone = own[:0] if len(part.of(hashes)) else own  # the hours of the lake's rows are not known
        else:
            hours = [f"{hour:02}" for hour in hours_of(own).tolist()]
            now = of_hours(storage, model, (f"{day}/{hour}" for hour in hours), index.hashes)
            part = Part.joined([whole.without(hours), now])
            gone = np.setdiff1d(own, part.entries)
        if len(gone):
            counts |= {f"{day}/{hour:02}": 1 for hour in hours_of(gone).tolist()}
            anew[day] = part
    return counts, anew


def take_out(storage: Storage, model: str, days: Mapping[str, Part]) -> None:
    """Have some days as `find` gave them."""
    index = KeyIndex(storage, model)
    for day, part in days.items():
        index.replace(day, part)
