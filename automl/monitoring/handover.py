"""Rows that a pass has read, handed to the lake as they are, so that no line is decoded twice.

A step's rows are written while the next step reads. Nothing depends on it: what was not handed over, for whatever
reason, is moved from the log once the pass has come to its end (`moving`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from automl.log import Kind
from automl.monitoring.ingest import Read
from automl.storage import Storage

if TYPE_CHECKING:
    from automl.lake.delta import Table

_log = logging.getLogger(__name__)


class Handover:
    """The handing over of one pass; leaving it as a context waits for what is being written."""

    def __init__(self, storage: Storage, model: str) -> None:
        self._storage = storage
        self._model = model
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="lake")
        self._writing: Future[None] | None = None
        self._goes_on = True
        self._tables: dict[Kind, Table] = {}

    def __enter__(self) -> Handover:
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()
        self._writer.shutdown()

    def give(self, read: Mapping[Kind, Read], moved: Mapping[str, Any]) -> None:
        """Hand over what a step has read, once the step before is written. After a fault nothing more is taken.

        Parameters
        ----------
        moved
            The place up to which all is in the lake.
        """
        self.settle()
        if self._goes_on:
            self._writing = self._writer.submit(self._write, read, moved)

    def settle(self) -> None:
        """Wait until what was given is written, or has failed."""
        writing, self._writing = self._writing, None
        if writing is not None and (fault := writing.exception()) is not None:
            _log.info("Rows of model %s were not handed to the lake, and are moved later: %s", self._model, fault)
            self._goes_on = False
            self._tables.clear()

    def settled(self) -> Mapping[Kind, Table]:
        """The tables that were opened, once what was given is written or has failed."""
        self.settle()
        return self._tables

    def _write(self, read: Mapping[Kind, Read], moved: Mapping[str, Any]) -> None:
        from automl.monitoring.moving import add

        for kind, each in read.items():
            table = add(self._storage, self._model, kind, each, moved=moved, table=self._tables.get(kind))
            if table is not None:
                self._tables[kind] = table
