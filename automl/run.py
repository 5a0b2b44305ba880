"""The record of one training run, and the cause that it has: what is stored of a run and shown of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Status = Literal["queued", "running", "registered", "reproduced", "differs", "rejected", "failed"]
CauseKind = Literal["request", "accuracy", "drift", "schedule", "new_data", "schema_change"]
ENDED: frozenset[Status] = frozenset({"registered", "reproduced", "differs", "rejected", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a run was asked for.

    Parameters
    ----------
    kind
        `request` (somebody asked), `accuracy` (the monitor found that it has fallen), `drift` (it found that the data
        has moved), `schedule` (the newest run is as old as the spec allows), `new_data` (a table came) or
        `schema_change` (the spec, or the table that came, has other columns).
    key
        What makes two causes the same cause.
    text
        The same as a sentence.
    at
        When it arose.
    """

    kind: CauseKind
    key: str
    text: str
    at: datetime

    @property
    def run_id(self) -> str:
        """The id of the one run of this cause: its time and a hash of its key."""
        digest = hashlib.sha256(f"{self.kind}:{self.key}".encode()).hexdigest()[:8]
        return f"{self.at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of one run, as it is stored and shown.

    Parameters
    ----------
    data
        The table: `blob` in the raw container, its `etag` and its `format` (csv or parquet); for a reproduction where
        the rows of the version are in the lake.
    labelled
        For a retraining: the labelled predictions up to `until` (ISO 8601) are added to the table; `count` of them
        were known when it was asked for.
    reproduces
        The version that is fitted once more to see whether it comes out the same; such a run ends `reproduced` or
        `differs`, and publishes nothing.
    percent
        How far the whole run is, 0 to 100.
    best_loss
        FLAML's best validation loss so far, smaller is better.
    checkpoint
        The best configuration of each estimator that the search has found so far; a later attempt begins with them.
    message
        The latest news in words; at the end, the outcome and its reason.
    attempt
        How often a worker has begun it.
    owner
        The worker that holds it now.
    beat
        When its worker last moved it, ISO 8601.
    etag
        Of the record as it was read; not stored.
    """

    id: str
    model: str
    cause: Mapping[str, Any]
    at: str
    data: Mapping[str, Any]
    labelled: Mapping[str, Any] | None = None
    reproduces: str | None = None
    traceparent: str | None = None
    status: Status = "queued"
    stage: str = "queued"
    percent: float = 0.0
    trials: int = 0
    best_loss: float | None = None
    checkpoint: Mapping[str, Any] | None = None
    message: str = "Waiting for a worker."
    version: str | None = None
    attempt: int = 0
    owner: str | None = None
    beat: str | None = None
    started: str | None = None
    ended: str | None = None
    etag: str = field(default="", compare=False)

    @property
    def is_open(self) -> bool:
        """Whether the run has not ended."""
        return self.status not in ENDED

    def to_json(self) -> dict[str, Any]:
        """This record as it is stored and shown."""
        data = asdict(self)
        del data["etag"]
        return data
