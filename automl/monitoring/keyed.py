"""The business keys of what a step reads, entered into the key index before anybody looks for them there."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from automl.lake.key_index import Gathered, KeyIndex
from automl.storage import Storage


class Keyed:
    """What a step has read. Of a day without any key nothing is entered: a model without keys has no index."""

    def __init__(self, storage: Storage, model: str) -> None:
        self._storage = storage
        self._model = model
        self._reading = Gathered()

    @cached_property
    def _index(self) -> KeyIndex:
        return KeyIndex(self._storage, self._model)

    def add(self, blob: str, start: int, end: int, keys: Any) -> None:
        """Take the keys, a `pyarrow` column, of some bytes of a log blob."""
        given = keys.drop_null().to_pylist()
        hashes = self._index.hashes.of(given) if given else np.empty(0, np.uint64)
        self._reading.add(blob, start, end, hashes)

    def enter(self) -> None:
        """Store what was taken."""
        for day, part in self._reading.parts().items():
            if len(part.entries):
                self._index.add(day, part)
