"""Training runs: a record each, asked for through a queue, claimed by one worker, moved as the run moves.

The record is written create-only before the message is sent, and its name follows from the run's cause, so that one
cause gives one run whatever is duplicated. A message that was lost, or a worker that died, shows in a record that
does not move; `resend_lost` asks for it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from automl.errors import Conflict, NotFound
from automl.events import Clock, iso
from automl.run import Cause, Run
from automl.settings import Settings
from automl.storage import CONTROL, Missing, Precondition, Storage
from automl.telemetry import tracing
from automl.telemetry.meter import Meter
from automl.telemetry.metrics import RETRAIN_DURATION, RETRAIN_RUNS


class Runs:
    """The runs of all models."""

    def __init__(self, storage: Storage, clock: Clock, settings: Settings, meter: Meter | None = None) -> None:
        self.storage = storage
        self.clock = clock
        self.settings = settings
        self.meter = meter or Meter()
        self._known: dict[str, Run] = {}  # by blob name: a record whose ETag is unchanged is not read again

    def request(
        self,
        model: str,
        cause: Cause,
        data: Mapping[str, Any],
        *,
        labelled: Mapping[str, Any] | None = None,
        reproduces: str | None = None,
        traceparent: str | None = None,
    ) -> Run:
        """Ask for a run, once: the same cause gives the record that is there and sends no second message.

        Parameters
        ----------
        traceparent
            Of what asks for it; none: the span that is open here.
        """
        described = {"kind": cause.kind, "key": cause.key, "text": cause.text}
        at = cause.at.astimezone(UTC).isoformat()
        run = Run(
            id=cause.run_id,
            model=model,
            cause=described,
            at=at,
            data=dict(data),
            labelled=labelled,
            reproduces=reproduces,
            traceparent=traceparent or tracing.current(),
            beat=iso(self.clock()),
        )
        try:
            etag = self.storage.put(CONTROL, _name(model, run.id), orjson.dumps(run.to_json()), create=True)
        except Precondition:
            return self.get(model, run.id)
        self._send(run)
        return replace(run, etag=etag)

    def get(self, model: str, run_id: str) -> Run:
        """The record of a run. Raises NotFound."""
        try:
            blob = self.storage.get(CONTROL, _name(model, run_id))
        except Missing:
            blob = None
        if blob is None:
            raise NotFound(f"Model '{model}' has no run '{run_id}'. GET /models/{model}/runs lists them.")
        return Run(**orjson.loads(blob.data), etag=blob.etag)

    def find(self, model: str) -> list[Run]:
        """All runs of a model, newest first."""
        prefix = f"{model}/runs/"
        found: list[Run] = []
        for info in self.storage.find(CONTROL, prefix):
            run = self._known.get(info.name)
            if run is None or run.etag != info.etag:
                run = self.get(model, info.name[len(prefix) :].removesuffix(".json"))
                self._known[info.name] = run
            found.append(run)
        return found[::-1]

    def claim(self, model: str, run_id: str, owner: str) -> Run | None:
        """Take a run for a worker; None when it has ended, is alive elsewhere, or was tried too often.

        A run that was begun and has not moved for `run_stale_s` counts as crashed: it is taken over, or, after
        `run_attempts` attempts, recorded as failed.
        """
        run = self.get(model, run_id)
        if not run.is_open or (run.status == "running" and not self._is_stale(run)):
            return None
        try:
            if run.attempt >= self.settings.run_attempts:
                text = f"Its worker died {run.attempt} times, last while {run.stage}. See the logs of the train role."
                self.move(run, status="failed", message=text, ended=iso(self.clock()))
                return None
            return self.move(
                run,
                status="running",
                stage="starting",
                attempt=run.attempt + 1,
                owner=owner,
                started=run.started or iso(self.clock()),
                message="A worker has taken the run.",
            )
        except Conflict:
            return None  # another worker was first

    def move(self, run: Run, **changes: Any) -> Run:
        """Write changes to a record. Raises Conflict when another worker has moved it since it was read."""
        after = replace(run, beat=iso(self.clock()), **changes)
        try:
            etag = self.storage.put(
                CONTROL, _name(run.model, run.id), orjson.dumps(after.to_json()), if_match=run.etag
            )
        except Precondition as error:
            there = self.get(run.model, run.id)
            if there != after:  # equal when the write was applied and only its answer was lost
                raise Conflict(f"Run {run.id} of model '{run.model}' was moved by another worker.") from error
            etag = there.etag
        if run.is_open and not after.is_open:
            self._measure(after)
        return replace(after, etag=etag)

    def resend_lost(self, model: str) -> list[Run]:
        """Queue every open run that has not moved for `run_stale_s` again; those runs.

        The record is moved first: a worker that is only slow finds it moved and gives up.
        """
        lost = [run for run in self.find(model) if run.is_open and self._is_stale(run)]
        sent: list[Run] = []
        for run in lost:
            text = "It did not move, so it was put on the queue again."
            try:
                sent.append(self.move(run, status="queued", stage="queued", owner=None, message=text))
            except Conflict:
                continue  # it moves after all, or another monitor was first
            self._send(run)
        return sent

    def _measure(self, run: Run) -> None:
        """Count a run that has ended."""
        self.meter.add(RETRAIN_RUNS, 1, run.model, run.status, str(run.cause["kind"]))
        took = self.clock() - datetime.fromisoformat(run.started or run.at)
        self.meter.observe(RETRAIN_DURATION, took.total_seconds(), run.model, run.status)

    def _is_stale(self, run: Run) -> bool:
        quiet = self.clock() - datetime.fromisoformat(run.beat or run.at)
        return quiet.total_seconds() > self.settings.run_stale_s

    def _send(self, run: Run) -> None:
        message = {"kind": "train", "model": run.model, "run_id": run.id, "traceparent": run.traceparent}
        self.storage.send(self.settings.train_queue, orjson.dumps(message).decode())


def _name(model: str, run_id: str) -> str:
    return f"{model}/runs/{run_id}.json"
