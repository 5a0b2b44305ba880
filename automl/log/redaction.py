"""Which columns of a model are never logged: `monitor.redact` of its spec, as one process knows it.

What is not known is not logged: before the list was read, or while the spec has none that can be read, the log gets
answers alone, no feature and no key. A list that was read once stays while the spec cannot be read again.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from automl.errors import Unavailable
from automl.storage import CONTROL, Missing, Storage

Keys = Sequence[str | None] | None
Rows = Sequence[Mapping[str, Any]]


class Redaction:
    """The columns of one model that are left out of its log; all its versions in memory share this one.

    Parameters
    ----------
    columns
        Their names; None while they are not known.
    """

    def __init__(self, columns: Collection[str] | None = None) -> None:
        self._columns = None if columns is None else frozenset(columns)
        self._etag: str | None = None
        self._lock = threading.Lock()
        self.trouble: str | None = None
        """Why the list could not be read at the last look; None when it could."""

    def look(self, storage: Storage, model: str) -> None:
        """Read the list again where the spec has changed, and note in `trouble` when it cannot be read."""
        with self._lock:  # of two looks at once, the one that read first must not have the last word
            try:
                blob = storage.get(CONTROL, f"{model}/spec.json", unless=self._etag)
                if blob is not None:
                    self._columns, self._etag = _read(blob.data), blob.etag
                self.trouble = None
            except Unavailable as error:
                self.trouble = self._said(str(error))
            except Missing:
                self.trouble = self._said("there is none.")
            except ValueError:
                self.trouble = self._said("it is damaged.")

    def hides(self, column: str) -> bool:
        """Whether a column is not to be logged."""
        return self._columns is None or column in self._columns

    def shown(self, key: str | None, keys: Keys, features: Rows) -> tuple[Keys, Rows]:
        """What may be logged of some rows.

        Parameters
        ----------
        key
            The column that the business keys are from.
        keys, features
            As `Recorder.lines` has them.
        """
        hidden = self._columns
        if hidden is None:
            return None, [{}] * len(features)
        if not hidden:
            return keys, features
        if key in hidden:
            keys = None
        return keys, [{name: value for name, value in row.items() if name not in hidden} for row in features]

    def _said(self, why: str) -> str:
        meanwhile = "Neither features nor keys are logged until it can"
        if self._columns is not None:
            meanwhile = "The columns that it kept out of the log stay out"
        return f"The spec cannot be read: {why} {meanwhile}."


def _read(data: bytes) -> frozenset[str]:
    """The list in a stored spec, whatever else that holds. Raises ValueError where it has none that can be read."""
    spec = orjson.loads(data)
    monitor = spec.get("monitor", {}) if isinstance(spec, dict) else None
    columns = monitor.get("redact", []) if isinstance(monitor, dict) else None
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise ValueError("no list of columns")
    return frozenset(columns)
