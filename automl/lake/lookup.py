"""Logged predictions by their ids or keys, wherever they are: in the lake, or still in the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from automl.lake import archive
from automl.lake.mark import Mark
from automl.log import ids
from automl.log.reader import decode, hour_of, lines_of_hours
from automl.log.records import ID
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
    """The records that have one of the ids, and all that may have one of the keys, decoded; some of them twice.

    Parameters
    ----------
    since_hour
        `YYYY-MM-DD/HH`: what was logged earlier is not looked through for keys.
    """
    yield from archive.records(archive.prediction_rows(storage, model, mark, by_id))
    for lines in logged(storage, model, mark, by_id):
        yield from decode(lines)[0]
    if by_key:
        from automl.lake.by_key import ByKey

        look = ByKey(storage, model, mark, by_key)
        yield from archive.records(look.stored(since_hour))
        for lines in look.logged(since_hour):
            yield from decode(lines)[0]


def logged(storage: Storage, model: str, mark: Mark, by_id: Collection[str]) -> Iterator[list[bytes]]:
    """The lines of the log that have one of the ids.

    Only those hours are read that the ids point to, and one hour about them: a record is written after its id is
    made, and not always in the same hour. Other lines are passed over undecoded.
    """
    made = {ids.made_at(text) // _HOUR_MS for text in by_id}
    near = {hour_of(_moment((hour + shift) * _HOUR_MS)) for hour in made for shift in (-1, 0, 1)}
    first, wanted = archive.first_hour(mark), {text.encode() for text in by_id}
    for lines in lines_of_hours(storage, model, "predictions", (hour for hour in near if hour >= first)):
        yield [line for line in lines if line[ID] in wanted]


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
