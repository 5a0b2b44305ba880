"""A stream of rows replayed against the real registry, log, monitor and training, in memory and on a fixed clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from automl import spec as specs
from automl.errors import EvergreenError
from automl.events import iso
from automl.log.ids import Ids
from automl.log.reader import hour_of
from automl.monitoring.passes import Report, monitor_pass
from automl.parsing import parse_records
from automl.registry import Registry
from automl.run import Cause, Run
from automl.runs import Runs
from automl.scoring import loading
from automl.scoring.session import ModelSession
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import LOG, RAW, Storage
from automl.tensors import to_records
from automl.training import pipeline
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

Trainer = Callable[["Replay", Run], str]
"""Publishes a version for a run and returns its name."""


def trained(replay: Replay, run: Run) -> str:
    """The real training pipeline, in this process."""
    made = pipeline.run(
        replay.storage, run, replay.spec, replay.registry, clock=replay.clock, lake=replay.settings.lake
    )
    return made.version


@dataclass
class Replay:
    """One model, its storage, and the hands that score, tell the truth, train and watch."""

    spec: Spec
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    clock: FixedClock = field(default_factory=FixedClock)
    trainer: Trainer = trained
    settings: Settings = field(default_factory=lambda: Settings(lake="off"))
    timer_ns: int = 0
    """What the monitor times answers by; it stands still unless a test moves it."""

    def __post_init__(self) -> None:
        self.model = self.spec.name
        self.registry = Registry(self.storage, self.clock)
        self.runs = Runs(self.storage, self.clock, self.settings)
        self.ids = Ids(b"k" * 32)
        self._sessions: dict[str, ModelSession] = {}
        specs.save(self.storage, self.spec)

    def upload_and_train(self, table: bytes) -> Run:
        """Train on a CSV as a request does; the ended run."""
        etag = self.storage.put(RAW, f"{self.model}/table", table)
        data = {"blob": f"{self.model}/table", "etag": etag, "format": "csv"}
        cause = Cause(kind="request", key=iso(self.clock()), text="Asked for.", at=self.clock())
        self.runs.request(self.model, cause, data)
        return self.train_all()[-1]

    def train_all(self) -> list[Run]:
        """Work off the queue as a training worker does; the ended runs."""
        ended: list[Run] = []
        queue = self.storage.queues.get(self.settings.train_queue, [])
        while queue:
            run = self.runs.claim(self.model, orjson.loads(queue.pop(0))["run_id"], "replay")
            if run is None:
                continue
            try:
                version = self.trainer(self, run)
            except EvergreenError as error:
                now = iso(self.clock())
                ended.append(self.runs.move(run, status="rejected", message=error.message, ended=now))
                continue
            self.registry.register(self.model, version)
            ended.append(self.runs.move(run, status="registered", version=version, ended=iso(self.clock())))
        return ended

    def predict(
        self, records: Sequence[dict[str, Any]], *, role: Literal["champion", "challenger"] = "champion"
    ) -> list[tuple[str, Any]]:
        """Score rows with the champion, or the challenger, and log them; the id and the answer of each."""
        session = self.session(self.registry.pointer(self.model).to_json()[role])
        now_ms = round(self.clock().timestamp() * 1000)
        tensors = parse_records(session.signature, records)
        scores = session.score(tensors)
        labels = scores.labels
        shares = [None] * len(labels) if scores.probabilities is None else scores.probabilities.tolist()
        ids = self.ids.mint(self.model, len(records), now_ms)
        lines = [
            prediction_line(
                id=one,
                role=role,
                model=self.model,
                version=session.version,
                at=now_ms,
                features=row,
                prediction=label,
                probabilities=probabilities,
            )
            for one, row, label, probabilities in zip(
                ids, to_records(session.signature, tensors), labels, shares, strict=True
            )
        ]
        append(self.storage, self.model, "predictions", self.clock(), lines)
        return list(zip(ids, labels, strict=True))

    def tell(self, truths: Sequence[tuple[str, Any]]) -> None:
        """Log truths as the intake does: received, and true, now."""
        now_ms = round(self.clock().timestamp() * 1000)
        lines = [orjson.dumps({"id": one, "truth": truth, "at": now_ms, "received": now_ms}) for one, truth in truths]
        append(self.storage, self.model, "truth", self.clock(), lines)

    def watch(self) -> Report:
        """One pass of the monitor."""
        return monitor_pass(
            self.storage, self.registry, self.runs, self.clock, self.model, timer_ns=lambda: self.timer_ns
        )

    def session(self, version: str) -> ModelSession:
        """A version in memory."""
        if version not in self._sessions:
            self._sessions[version] = loading.load(self.registry, self.model, version)
        return self._sessions[version]


def prediction_line(**record: Any) -> bytes:
    """A line of the prediction log as a score writes it, a champion's unless another role is given."""
    common = {"role": "champion", "probabilities": None, "latency_us": 50}
    names = {name: record[name] for name in ("id", "key") if name in record}  # they are where readers look for them
    return orjson.dumps({**names, **common, **record})


def append(storage: Storage, model: str, kind: str, now: datetime, lines: Sequence[bytes]) -> None:
    """Add lines to the blob of the hour."""
    name = f"{model}/{kind}/{hour_of(now.astimezone(UTC))}/replay-1.jsonl"
    there = next((info.size for info in storage.find(LOG, name)), 0)
    if lines:
        storage.append(LOG, name, b"".join(line + b"\n" for line in lines), at=there)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a replay came to.

    Parameters
    ----------
    right
        For each replayed row, whether the champion of its time was right.
    """

    right: list[bool]
    retrainings: int
    promoted: int
    kept: int
    decisions: list[str]


def replay_stream(
    replay: Replay,
    records: Sequence[dict[str, Any]],
    truths: Sequence[Any],
    *,
    late: int,
    step: int,
    minutes_a_step: float,
    train_after: int = 0,
) -> Outcome:
    """Score rows in order, `step` at a time, tell each truth `late` rows later, and let the monitor and trainer work.

    Parameters
    ----------
    train_after
        Steps that a training takes: the rows of so many steps are scored before its challenger is registered.
    """
    told: list[tuple[str, Any]] = []
    right: list[bool] = []
    decisions: list[str] = []
    sent, waited = 0, 0
    for start in range(0, len(records), step):
        scored = replay.predict(records[start : start + step])
        for (one, answer), truth in zip(scored, truths[start : start + step], strict=True):
            told.append((one, truth))
            right.append(answer == truth)
        replay.clock.advance(minutes=minutes_a_step)
        due = max(0, len(told) - late)
        replay.tell(told[sent:due])
        sent = due
        replay.clock.advance(seconds=1)
        decisions += replay.watch().decisions
        if replay.storage.queues.get(replay.settings.train_queue):
            waited += 1
            if waited > train_after:
                replay.train_all()
                waited = 0
    kinds = [run.cause["kind"] for run in replay.runs.find(replay.model)]
    return Outcome(
        right=right,
        retrainings=kinds.count("accuracy"),
        promoted=sum("replaces champion" in text for text in decisions),
        kept=sum(" stays, as " in text for text in decisions),
        decisions=decisions,
    )
