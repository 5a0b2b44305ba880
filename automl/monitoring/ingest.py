"""What is new in the logs: truths, and those of the new predictions that they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from automl.lake import archive
from automl.lake.archive import first_hour
from automl.lake.mark import Mark
from automl.log import Kind
from automl.log.reader import hour_of, new_pieces
from automl.monitoring.reading import Piece, Reading
from automl.monitoring.state import State
from automl.storage import Storage

if TYPE_CHECKING:  # numpy and Arrow are loaded once there is something new
    from automl.lake.lines import Lines
    from automl.monitoring.join import Wanted
    from automl.monitoring.keyed import Keyed
    from automl.monitoring.ledger import Ledger

CLOSED_AFTER_HOURS = 1
"""How long after its end an hour of the log may still grow. Writers choose the hour of an append when it begins, and
an append lasts seconds; the rest is for clocks that disagree."""

STEP_TRUTHS, STEP_PREDICTIONS = 50_000, 100_000
"""Lines after which a step reads no more of a log: what is made of them is held in memory, and of nothing else. The
truth of an hour that it has begun it reads to the end."""

MOST_TRUTHS = 500_000
"""Lines after which it stops within an hour, too."""

BEGUN = "0001-01-01/00"
"""The `since_hour` of a state that has read something, but not yet all of any hour."""

Truth = dict[str, Any]
"""One line of the truth log, decoded; `waited` is added to one whose prediction has not come yet."""


class Told(Protocol):
    """Truths: `truths.Truths`, which are columns, or a list."""

    def __len__(self) -> int:
        """How many."""

    def __iter__(self) -> Iterator[Truth]:
        """Record by record, in the order of their receipt."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a step has read of one log.

    Parameters
    ----------
    after, reached
        From which `State.place` to which.
    rows
        What there was, but for rows that were seen before, as `pyarrow.Table`s.
    """

    after: Mapping[str, Any]
    reached: Mapping[str, Any]
    rows: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one step found new.

    Parameters
    ----------
    truths
        Truths, those that waited included, in the order of their hours in the log and of their receipt.
    predictions
        New predictions.
    found
        `pyarrow.Table`s of the predictions among them that one of the truths is for.
    more
        Whether there is more that is new.
    read
        What was read of each log; nothing where there was no new line.
    """

    truths: Told = ()
    predictions: int = 0
    found: Sequence[Any] = ()
    more: bool = False
    read: Mapping[Kind, Read] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.read)


def read(
    storage: Storage,
    model: str,
    mark: Mark,
    state: State,
    now: datetime,
    *,
    reading: Reading,
    ledger: Callable[[], Ledger],
    each: Callable[[Any], None] = lambda _: None,
    slices: Callable[[], Sequence[str]] = tuple,
) -> News:
    """Read the logs from where the last pass stopped, and move the state's offsets.

    A state that begins anew reads what is no longer in the log from the lake. A torn last line stays for the next
    pass. Truth is read before predictions, so that the count of predictions is never behind that of truths.

    Of a long backlog one step is read: about `STEP_TRUTHS`, and predictions until each of those has its own, or
    `STEP_PREDICTIONS`. `News.more` says that there are others. As the truth of an hour is read in one step, labels
    come in the same order wherever a backlog is cut, and predictions of an hour are not looked up again for the rest.

    Where nothing is new the offsets stay, unless they are of a day that is over: if the place never went on, every
    later pass would list all days since.

    Parameters
    ----------
    reading
        Of the pass that this is a step of.
    ledger
        Gives the ledger of the state, when there is something to look up.
    each
        Is given the new predictions, `pyarrow.Table` by `pyarrow.Table`.
    slices
        Gives the features that are kept of a prediction, when there is one to keep.
    """
    truths, ends = list[tuple[str, Any]](), dict[str, int]()
    closed = hour_of(reading.begin(state.place, now), shift=-CLOSED_AFTER_HOURS)
    told_in = reading.of("truth", lambda: _decoded(storage, model, "truth", mark, state))
    for name, end, rows, torn in told_in:
        from automl.monitoring.seen import new_truths

        state.count("torn", torn)
        truths.append((hour_in(name), new_truths(ledger(), rows)))
        ends |= {name: end} if name else {}
        if name and _is_enough(_rows(truths), name, told_in.peek()):
            break
    told, lines = _rows(truths), 0
    predictions, found = list[Any](), list[Any]()
    wanted = cache(lambda: _wanted(truths, state.pending, slices()))
    keyed = cache(lambda: _keyed(storage, model))
    made_in = reading.of("predictions", lambda: _decoded(storage, model, "predictions", mark, state))
    for name, end, rows, _ in made_in:
        from automl.monitoring.seen import new_predictions

        predictions.append(new_predictions(ledger(), rows))
        if name:
            start = ends.get(name, state.offsets.get(name, 0))
            keyed().add(name, start, end, rows.column("key"))
        each(predictions[-1])
        found.append(wanted().among(predictions[-1]))
        ends |= {name: end} if name else {}
        lines += len(rows)
        if name and (lines >= STEP_PREDICTIONS or (told_in.peek() and wanted().are_found(found))):
            break
    more = bool(told_in.peek() or made_in.peek())
    if not (ends or truths or predictions):
        if state.offsets and state.since_hour[:10] < closed[:10]:
            _go_on(state, closed, {})
        return News()
    keyed().enter()
    state.count("truths", told)
    state.predictions += sum(map(len, predictions))
    before = state.place
    _go_on(state, BEGUN if more else closed, ends)
    reading.stop(state.place)
    whole, state.pending = wanted().truths, []
    return News(
        truths=whole,
        predictions=sum(map(len, predictions)),
        found=found,
        more=more,
        read={
            "truth": Read(before, state.place, [rows for _, rows in truths]),
            "predictions": Read(before, state.place, predictions),
        },
    )


def _is_enough(lines: int, name: str, following: Piece | None) -> bool:
    """Whether a step that has read so many lines of truth, to the end of a piece of this blob, reads no more."""
    is_within = following is not None and hour_in(following[0]) == hour_in(name)
    return lines >= (MOST_TRUTHS if is_within else STEP_TRUTHS)


def _go_on(state: State, closed: str, ends: Mapping[str, int]) -> None:
    """Move the place: hours before `closed` are read to their end, other blobs to these ends."""
    state.since_hour = max(state.since_hour, closed)
    offsets = {**state.offsets, **ends}
    state.offsets = {name: end for name, end in offsets.items() if hour_in(name) >= state.since_hour}


@lru_cache(maxsize=1024)
def hour_name(number: int) -> str:
    """The `YYYY-MM-DD/HH` of an hour counted from 1970.

    >>> hour_name(490_000)
    '2025-11-24/16'
    """
    return hour_of(datetime.fromtimestamp(number * 3600, UTC))


def hour_in(blob: str) -> str:
    """The `YYYY-MM-DD/HH` in the name of a log blob."""
    return "/".join(blob.split("/")[2:4])


def _decoded(storage: Storage, model: str, kind: Kind, mark: Mark, state: State) -> Iterator[Piece]:
    """What `new_pieces` yields, as rows, with how many lines were torn; before it, unnamed, what the log has lost."""
    if not state.since_hour:
        stored = archive.truth_rows if kind == "truth" else archive.everything
        for rows in stored(storage, model, mark):
            yield "", 0, rows, 0
    reader: Lines | None = None
    since = first_hour(mark, state.since_hour)
    for name, end, data in new_pieces(storage, model, kind, state.offsets, since):
        if reader is None:
            from automl.lake.features import Layout
            from automl.lake.lines import Lines
            from automl.lake.rows import schema

            reader = Lines(kind, Layout(schema(kind)))
        yield name, end, *reader.table(data, hour_in(name)[:10])


def _rows(tables: Sequence[tuple[str, Any]]) -> int:
    """How many rows there are in tables with their hours."""
    return sum(len(rows) for _, rows in tables)


def _wanted(truths: Sequence[tuple[str, Any]], pending: Sequence[Truth], slices: Sequence[str]) -> Wanted:
    from automl.monitoring.join import Wanted
    from automl.monitoring.truths import Truths

    return Wanted(Truths.joined(truths, pending), slices)


def _keyed(storage: Storage, model: str) -> Keyed:
    from automl.monitoring.keyed import Keyed

    return Keyed(storage, model)
