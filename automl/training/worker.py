"""What the queue function does with a train message: one run, claimed, trained in a child, and recorded to its end.

Nothing here relies on a clean stop. A worker that dies leaves a record that does not move; the message comes back or
the monitor asks again, and `Runs.claim` lets exactly one worker go on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from automl import events
from automl.errors import Conflict, EvergreenError, Rejected, Unavailable
from automl.events import Clock, iso
from automl.registry import Registry
from automl.run import Run, Status
from automl.runs import Runs
from automl.settings import Settings
from automl.storage import Storage
from automl.training.child import train_in_child
from automl.training.progress import Outcome, Progress

Train = Callable[[Settings, Run, Callable[[Progress], None]], Outcome]


REGISTER_ATTEMPTS = 5
"""How often a version is registered anew when the champion pointer moves meanwhile."""


class Rooms(Protocol):
    """The parts of a process that a worker uses; `bootstrap.Core` is one."""

    @property
    def settings(self) -> Settings: ...
    @property
    def storage(self) -> Storage: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def runs(self) -> Runs: ...


def handle(message: Mapping[str, Any], rooms: Rooms, *, train: Train = train_in_child) -> Run | None:
    """Carry out the run a message names.

    Parameters
    ----------
    message
        `{"kind": "train", "model": ..., "run_id": ...}`.
    train
        Runs the training and tells of its progress.

    Returns
    -------
    The run's record at its end; None when there is nothing to do: it has ended, is alive elsewhere, or was taken over
    while it ran. A message for the second time does nothing.

    Raises
    ------
    Unavailable
        Storage is down: the message should be delivered again.
    """
    model, run_id = str(message["model"]), str(message["run_id"])
    run = rooms.runs.claim(model, run_id, _owner(rooms.settings))
    if run is None:
        return None
    record = _Record(rooms.runs, run)
    try:
        return _carry_out(rooms, record, train)
    except _Fenced:
        return None


class _Fenced(Exception):
    """Another worker has the run now; what this one did is discarded."""


class _Record:
    """The record of a run as this worker last wrote it."""

    def __init__(self, runs: Runs, run: Run) -> None:
        self.runs = runs
        self.run = run

    def progress(self, news: Progress) -> None:
        """Write the news."""
        try:
            self.move(
                stage=news.stage,
                percent=round(news.percent, 1),
                message=news.message,
                trials=news.trials,
                best_loss=news.best_loss,
                checkpoint=news.checkpoint or self.run.checkpoint,
            )
        except Unavailable:
            return  # training goes on without storage; the next beat tells, or finds the run taken over

    def move(self, **changes: Any) -> Run:
        try:
            self.run = self.runs.move(self.run, **changes)
        except Conflict as error:
            raise _Fenced from error
        return self.run


def _carry_out(rooms: Rooms, record: _Record, train: Train) -> Run:
    try:
        outcome = train(rooms.settings, record.run, record.progress)
        if outcome.status != "registered":
            return _end(rooms, record, outcome.status, outcome.message, version=outcome.version)
        # moved once more before the version is registered: a worker that was fenced registers nothing
        record.move(stage="registering", percent=99.0, message=f"Registering version {outcome.version}.")
        text = _register(rooms.registry, record.run.model, outcome)
    except Unavailable:
        raise
    except Rejected as error:
        return _end(rooms, record, "rejected", error.message)
    except EvergreenError as error:
        return _end(rooms, record, "failed", error.message)
    return _end(rooms, record, "registered", text, version=outcome.version)


def _register(registry: Registry, model: str, outcome: Outcome) -> str:
    """Register a version; the outcome with what became of it."""
    for attempt in range(REGISTER_ATTEMPTS):
        try:
            event = registry.register(model, outcome.version)
            break
        except Conflict:  # a promotion, a rollback or a verdict came between
            if attempt == REGISTER_ATTEMPTS - 1:
                raise
    return outcome.message if event is None else f"{outcome.message} {event.text}"


def _end(rooms: Rooms, record: _Record, status: Status, text: str, *, version: str | None = None) -> Run:
    """Record the end of a run. The registry has written the event of a version; other ends get theirs here."""
    percent = record.run.percent if status in ("rejected", "failed") else 100.0
    ended = iso(rooms.clock())
    run = record.move(status=status, stage=status, percent=percent, message=text, version=version, ended=ended)
    if status != "registered":
        told = f"Run {run.id} of model {run.model} {_ENDED[status]}: {text}"
        evidence = {"run_id": run.id}
        events.write(rooms.storage, rooms.clock, run.model, kind=f"run-{status}", text=told, evidence=evidence)
    return run


_ENDED = {"rejected": "was rejected", "failed": "failed", "reproduced": "has ended", "differs": "has ended"}


def _owner(settings: Settings) -> str:
    """A name for this delivery: two of one instance are told apart."""
    return f"{settings.instance or 'worker'}-{uuid.uuid4().hex[:8]}"
