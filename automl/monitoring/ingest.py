"""What is new in the logs, and the predictions that new truths are for."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import orjson

from automl.lake import archive
from automl.lake.mark import Mark
from automl.log import ids
from automl.log.reader import decode, hour_of, lines_of_hours, new_lines
from automl.log.records import ID, KEY, KEY_MARK
from automl.monitoring.state import State
from automl.storage import Storage

MAX_PENDING = 10_000
"""Truths without a prediction that are kept for later passes; the oldest beyond it count as orphans."""

CLOSED_AFTER_HOURS = 1
"""How long after its end an hour of the log may still grow. Writers choose the hour of an append when it begins, and
an append lasts seconds; the rest is for clocks that disagree."""

STEP_TRUTHS, STEP_PREDICTIONS = 50_000, 100_000
"""Lines after which a step reads no more of a log: what is made of them is held in memory, and of nothing else."""

BATCH = 1024
"""Prediction lines that are decoded together."""

BEGUN = "0001-01-01/00"
"""The `since_hour` of a state that has read something, but not yet all of any hour."""

_HOUR_MS = 3_600_000
_NO_FEATURES: Mapping[str, Any] = {}

Truth = dict[str, Any]
"""One line of the truth log, decoded; `waited` is added to one whose prediction has not come yet."""

Record = dict[str, Any]
"""One line of the prediction log, decoded."""


class Prediction(NamedTuple):
    """What the monitor needs of a prediction record; the rest, above all the other features, is let go at once.

    `probabilities` are in the order of the version's classes. `features` are those that performance is told apart by.
    """

    id: str
    key: str | None
    version: str
    at: int
    prediction: Any
    probabilities: array[float] | None
    features: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one pass found new.

    Parameters
    ----------
    truths
        Truth records, those that waited included, in the order of their receipt.
    predictions
        New prediction lines.
    awaited
        The predictions among them that carry a business key whose truth waited.
    found
        The predictions among them that one of the truths is for, by id.
    more
        Whether there may be more that is new.
    """

    truths: list[Truth]
    predictions: int
    awaited: list[Prediction]
    found: dict[str, Prediction]
    more: bool

    def __bool__(self) -> bool:
        return bool(self.truths or self.predictions)


def read(
    storage: Storage,
    model: str,
    mark: Mark,
    state: State,
    now: datetime,
    *,
    each: Callable[[list[Record]], None] = lambda _: None,
    slices: Callable[[], Sequence[str]] = tuple,
) -> News:
    """Read the logs from where the last pass stopped, and move the state's offsets.

    A state that begins anew reads what is no longer in the log from the lake. A torn last line stays for the next
    pass. Truth is read before predictions, so that the count of predictions is never behind that of truths.

    Of a long backlog one step is read: about `STEP_TRUTHS`, and predictions until each of those has its own, or
    `STEP_PREDICTIONS`. `News.more` says that there may be others.

    Parameters
    ----------
    each
        Is given the new prediction records, batch by batch.
    slices
        Gives the features that are kept of a prediction, when there is one to keep.
    """
    truths: list[Truth] = []
    ends: dict[str, int] = {}
    more, since = False, archive.first_hour(mark, state.since_hour)
    if not state.since_hour:
        truths += chain.from_iterable(archive.truths(storage, model, mark))
    for name, end, lines in new_lines(storage, model, "truth", state.offsets, since):
        records, torn = decode(lines)
        truths += records
        ends[name] = end
        state.count("torn", torn)
        if len(truths) >= STEP_TRUTHS:
            more = True
            break
    state.count("truths", len(truths))
    keys = {str(truth["key"]) for truth in state.pending if "id" not in truth}
    wanted = {truth["id"] for truth in chain(truths, state.pending) if "id" in truth}
    predictions, awaited, found = 0, list[Prediction](), dict[str, Prediction]()
    if not state.since_hour:
        for records in archive.everything(storage, model, mark):
            predictions += len(records)
            each(records)
    for name, end, lines in new_lines(storage, model, "predictions", state.offsets, since):
        for start in range(0, len(lines), BATCH):
            records, _ = decode(lines[start : start + BATCH])
            each(records)
            for record in records:
                if record.get("id") in wanted:
                    found.setdefault(record["id"], _prediction(record, slices()))
        predictions += len(lines)
        awaited += _with_key(lines, keys)
        ends[name] = end
        if predictions >= STEP_PREDICTIONS or (more and len(found) == len(wanted)):
            more = True
            break
    if not (ends or truths or predictions):
        return News(truths=[], predictions=0, awaited=[], found={}, more=False)
    state.predictions += predictions
    truths += state.pending
    state.pending = []
    state.since_hour = max(state.since_hour, BEGUN if more else hour_of(now, shift=-CLOSED_AFTER_HOURS))
    offsets = {**state.offsets, **ends}
    state.offsets = {name: end for name, end in offsets.items() if hour_in(name) >= state.since_hour}
    ordered = sorted(truths, key=_receipt)
    return News(truths=ordered, predictions=predictions, awaited=awaited, found=found, more=more)


def join(
    storage: Storage, model: str, mark: Mark, state: State, news: News, *, slices: Sequence[str] = ()
) -> list[tuple[Truth, Prediction]]:
    """The truths with the prediction of each, whichever version answered, in the order of their receipt.

    Of predictions that are not new only the hours are read that the ids point to, and one about them: a record is
    written after its id is made, and not always in the same hour. A truth by business key is looked up in the whole
    log once, then waits for the key to be predicted. Truths by id wait in the state while their prediction may still
    come; then they are orphans.

    Parameters
    ----------
    slices
        The features that are kept of each prediction.
    """
    of_id = dict(news.found)
    by_id = {truth["id"] for truth in news.truths if "id" in truth} - of_id.keys()
    by_key = {str(truth["key"]) for truth in news.truths if "id" not in truth and "waited" not in truth}
    of_key: dict[str | None, list[Prediction]] = {}
    for prediction in news.awaited:
        of_key.setdefault(prediction.key, []).append(prediction)
    for records in archive.predictions(storage, model, mark, by_id=by_id, by_key=by_key):
        for prediction in (_prediction(record, slices) for record in records):
            if prediction.id in by_id:
                of_id.setdefault(prediction.id, prediction)
            if prediction.key in by_key:
                of_key.setdefault(prediction.key, []).append(prediction)
    batches: Iterator[list[bytes]]
    first = archive.first_hour(mark)
    if by_key:
        batches = (lines for _, _, lines in new_lines(storage, model, "predictions", {}, first))
    else:
        numbers = {ids.made_at(text) // _HOUR_MS for text in by_id}
        hours = {hour_name(number + shift) for number in numbers for shift in (-1, 0, 1)}
        batches = lines_of_hours(storage, model, "predictions", (hour for hour in hours if hour >= first))
    for lines in batches:
        for prediction in _with_id(lines, by_id, slices):
            of_id.setdefault(prediction.id, prediction)
        for prediction in _with_key(lines, by_key, slices):
            of_key.setdefault(prediction.key, []).append(prediction)
    matched: list[tuple[Truth, Prediction]] = []
    waiting: list[Truth] = []
    for truth in news.truths:
        one = of_id.get(truth.get("id", ""))
        found = [one] if one else of_key.get(str(truth.get("key")), [])
        matched += [(truth, prediction) for prediction in found]
        if not found:
            waiting.append(truth)
    _keep(state, waiting)
    return matched


@lru_cache(maxsize=1024)  # a pass over a million truths asks for the names of a few hours
def hour_name(number: int) -> str:
    """The `YYYY-MM-DD/HH` of an hour counted from 1970.

    >>> hour_name(490_000)
    '2025-11-24/16'
    """
    return hour_of(datetime.fromtimestamp(number * 3600, UTC))


def _keep(state: State, truths: Sequence[Truth]) -> None:
    """Put what has no prediction back into the state, as far as it may still get one."""
    kept = [
        {**truth, "waited": True}
        for truth in truths
        # A record is written in the hour its id was made, or in the next.
        if "id" not in truth or hour_name(ids.made_at(truth["id"]) // _HOUR_MS + 1) >= state.since_hour
    ]
    state.pending = kept[-MAX_PENDING:]
    state.count("orphaned", len(truths) - len(state.pending))


def _with_id(lines: Sequence[bytes], wanted: set[str], slices: Sequence[str]) -> Iterator[Prediction]:
    texts = {text.encode() for text in wanted}
    return _whole((line for line in lines if line[ID] in texts), slices) if texts else iter(())


def _with_key(lines: Sequence[bytes], wanted: set[str], slices: Sequence[str] | None = None) -> Iterator[Prediction]:
    """Predictions of some keys; without `slices` all features are kept, as truths that wait are few."""
    if not wanted:
        return iter(())
    keyed = _whole((line for line in lines if line[KEY] == KEY_MARK), slices)
    return (prediction for prediction in keyed if prediction.key in wanted)


def _whole(lines: Iterator[bytes], slices: Sequence[str] | None) -> Iterator[Prediction]:
    """The predictions among some lines; a torn line was never acknowledged and is none."""
    for line in lines:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(record, dict):
            yield _prediction(record, slices)


def _prediction(record: Mapping[str, Any], slices: Sequence[str] | None) -> Prediction:
    probabilities, features = record.get("probabilities"), record["features"]
    if slices is not None:
        features = {name: features[name] for name in slices if name in features} if slices else _NO_FEATURES
    return Prediction(
        id=record["id"],
        key=record.get("key"),
        version=record["version"],
        at=record["at"],
        prediction=record["prediction"],
        probabilities=array("d", probabilities) if probabilities else None,
        features=features,
    )


def _receipt(truth: Mapping[str, Any]) -> tuple[int, str]:
    return truth["received"], str(truth.get("id") or truth["key"])


def hour_in(blob: str) -> str:
    """The `YYYY-MM-DD/HH` in the name of a log blob."""
    return "/".join(blob.split("/")[2:4])
