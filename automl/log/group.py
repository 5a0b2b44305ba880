"""The records of one model that share an append."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from automl.errors import Unavailable
from automl.log.predictions import Lines, Predictions, lines_of

TOGETHER = 64
"""From so many rows, predictions are written as lines, which takes a fifth of a millisecond."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Group:
    """Records of one model that wait for the next append, and whom to tell.

    Parameters
    ----------
    lines, unwritten
        In their order: what is written as lines, and what is still to be.
    records, rows
        How many records these are in all, and how many of them are unwritten.
    failure
        Why the unwritten could not be written.
    """

    lines: list[bytes] = field(default_factory=list)
    unwritten: list[Predictions] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    records: int = 0
    rows: int = 0
    failure: Unavailable | None = None

    def add(self, lines: Lines, records: int) -> int:
        """Take records; returns how many bytes of lines there are more."""
        self.records += records
        if isinstance(lines, bytes):
            written = self.write_out()
            self.lines.append(lines)
            return written + len(lines)
        self.unwritten.append(lines)
        self.rows += records
        return self.write_out() if self.rows >= TOGETHER else 0

    def write_out(self) -> int:
        """Write as lines what is not yet; returns their bytes. Where that fails, `failure` says why."""
        if not self.unwritten:
            return 0
        unwritten, self.unwritten, self.rows = self.unwritten, [], 0
        try:
            lines = lines_of(unwritten)
        except Exception:  # a mistake in this program: none of the group is acknowledged
            logger.exception("Predictions could not be written as lines of the log.")
            self.failure = Unavailable("They could not be written as lines.")
            return 0
        self.lines.append(lines)
        return len(lines)

    def answer(self, error: Unavailable | None) -> None:
        for future in self.waiting:
            if future.done():  # its request was cancelled
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
