"""The upkeep of a model's lake: what is new is moved into it, small files are put together, replaced ones go, and so
do the days of the log that it has. Runs write the dataset; it is looked after here.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import get_args

from automl.errors import Conflict
from automl.lake import datasets, key_days
from automl.lake import mark as marks
from automl.lake.delta import TARGET_BYTES, Table, open_table
from automl.lake.mark import Mark
from automl.log import Kind
from automl.monitoring.moving import move
from automl.monitoring.state import State
from automl.storage import LOG, Storage

MANY_FILES = 64
"""Small files of the current day that are put together before the day is over."""

VACUUM_HOURS = 24 * 7
"""How long data files that were replaced are kept for readers of older versions."""

_log = logging.getLogger(__name__)


def tend(
    storage: Storage,
    model: str,
    mark: Mark,
    state: State,
    now: datetime,
    *,
    keep_days: int,
    opened: Mapping[Kind, Table],
) -> None:
    """Do all that is due. Raises Unavailable when the lake cannot be reached; the next pass goes on.

    Parameters
    ----------
    opened
        Tables that this pass has opened before.
    """
    is_due, known_to = mark.tended != _day(now), mark.kept_from
    for kind in get_args(Kind):
        table = move(storage, model, kind, now, opened.get(kind))
        if table is not None:
            moved, position = table.version, table.position()
            _compact(table, _day(now))
            if is_due:
                table.vacuum(VACUUM_HOURS)
                table.configure()
            if table.version != moved:
                table.restate(position)
    if is_due:
        if (dataset := open_table(storage, model, datasets.TABLE)) is not None:
            _compact(dataset, _day(now))
            dataset.vacuum(VACUUM_HOURS)
            dataset.configure()
        remove_days(storage, model, before=mark.kept_from)
        oldest = _day(now - timedelta(days=keep_days))
        if oldest > mark.kept_from and _has_days(storage, model, before=oldest):
            mark.kept_from = oldest  # what is before it goes tomorrow, when no reader that began today looks for it
    mark.moved, mark.tended = state.place, _day(now)
    marks.save(storage, model, mark)
    if mark.kept_from > known_to:
        key_days.enter_since(storage, model, mark, known_to)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _compact(table: Table, today: str) -> None:
    """Put together the small files of days that are over, and of today when they are many."""
    small: dict[str, int] = defaultdict(int)
    for day, size in table.files():
        small[day] += size < TARGET_BYTES // 2
    for day, count in sorted(small.items()):
        if count > (1 if day < today else MANY_FILES):
            try:
                table.compact(day)
            except Conflict as error:  # another pass moved lines or put the same files together: tomorrow, then
                _log.info("The files of %s were not put together: %s", day, error)
                return


def _has_days(storage: Storage, model: str, *, before: str) -> bool:
    return any(day < before for kind in get_args(Kind) for day in storage.folders(LOG, f"{model}/{kind}/"))


def remove_days(storage: Storage, model: str, *, before: str) -> None:
    """Remove the log blobs of the days before one."""
    for kind in get_args(Kind):
        root = f"{model}/{kind}/"
        for day in storage.folders(LOG, root):
            if day < before:
                for info in list(storage.find(LOG, f"{root}{day}/")):
                    storage.delete(LOG, info.name)
