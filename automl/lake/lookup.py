"""Logged predictions by their ids or keys, wherever they are: in the lake, or still in the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from automl.lake import archive
from automl.lake.mark import Mark
from automl.log import ids
from automl.log.reader import decode, hour_of, lines_of_hours, new_lines
from automl.log.records import ID, KEY, KEY_MARK
from automl.storage import Storage

_HOUR_MS = 3_600_000


def predictions(
    storage: Storage,
    model: str,
    mark: Mark,
    *,
    by_id: Collection[str],
    by_key: Collection[str] = (),
    since_hour: str = "",
) -> Iterator[dict[str, Any]]:
    """The records that have one of the ids, and all that may have one of the keys, decoded.

    Without keys, only those hours of the log are read that the ids point to, and one hour about them: a record is
    written after its id is made, and not always in the same hour. Other lines are passed over undecoded.

    Parameters
    ----------
    since_hour
        `YYYY-MM-DD/HH`: where there are keys, earlier hours of the log are not looked at.
    """
    for records in archive.predictions(storage, model, mark, by_id=by_id, by_key=by_key):
        yield from records
    for lines in logged(storage, model, mark, by_id=by_id, by_key=by_key, since_hour=since_hour):
        yield from decode(lines)[0]


def logged(
    storage: Storage,
    model: str,
    mark: Mark,
    *,
    by_id: Collection[str],
    by_key: Collection[str] = (),
    since_hour: str = "",
) -> Iterator[list[bytes]]:
    """Lines of the log that `predictions` decodes."""
    batches: Iterator[list[bytes]]
    if by_key:
        first = archive.first_hour(mark, since_hour)
        batches = (lines for _, _, lines in new_lines(storage, model, "predictions", {}, first))
    else:
        made = {ids.made_at(text) // _HOUR_MS for text in by_id}
        near = {hour_of(_moment((hour + shift) * _HOUR_MS)) for hour in made for shift in (-1, 0, 1)}
        first = archive.first_hour(mark)
        batches = lines_of_hours(storage, model, "predictions", (hour for hour in near if hour >= first))
    wanted = {text.encode() for text in by_id}
    for lines in batches:
        yield [line for line in lines if line[ID] in wanted or (by_key and line[KEY] == KEY_MARK)]


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
