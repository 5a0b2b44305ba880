"""The logs as one pass reads them: each piece is made once, ahead of its use, however many steps the pass takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from automl.log import Kind
from automl.monitoring.ahead import Ahead

Piece = tuple[str, int, Any, int]
"""A blob, the offset behind the piece, its rows, and how many of its lines were torn."""


class Reading:
    """What one pass is reading; leaving it as a context ends that.

    A step that stops within a log leaves the piece that is being made to the next, which would make it again.
    """

    def __init__(self) -> None:
        self._place: Mapping[str, Any] | None = None
        self._began: datetime | None = None
        self._pieces: dict[Kind, Ahead[Piece]] = {}

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def begin(self, place: Mapping[str, Any], now: datetime) -> datetime:
        """Begin a step at a place of the monitor. What was read ahead is of use where the step before ended there.

        Returns
        -------
        datetime
            Since when the logs are being read: what comes later may be missing from what is read now, however many
            steps ago that was.
        """
        if self._began is None or place != self._place:
            self._end()
            self._began = now
        return self._began

    def of(self, kind: Kind, pieces: Callable[[], Iterator[Piece]]) -> Ahead[Piece]:
        """What follows in a log; `pieces` gives it from the place where the first step begins."""
        if kind not in self._pieces:
            self._pieces[kind] = Ahead(pieces())
        return self._pieces[kind]

    def stop(self, place: Mapping[str, Any]) -> None:
        """End a step at a place."""
        self._place = place

    def _end(self) -> None:
        for pieces in self._pieces.values():
            pieces.close()
        self._pieces.clear()
