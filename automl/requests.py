"""Runs that callers ask for, safely repeated: a request of the same key is the same run."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import uuid4

from automl import uploads
from automl.events import Clock
from automl.runs import Cause, Run, Runs
from automl.storage import CONTROL, Precondition, Storage


def request_run(
    storage: Storage,
    runs: Runs,
    clock: Clock,
    model: str,
    upload: str,
    *,
    key: str | None = None,
    traceparent: str | None = None,
) -> Run:
    """Ask for a run on an upload.

    Parameters
    ----------
    key
        Names the request (`Idempotency-Key`): the same key gives the same run. Without one each request is its own.

    Raises
    ------
    NotFound
        There is no such upload.
    """
    table = uploads.find(storage, model, upload)
    data = {"blob": table.blob, "etag": table.etag, "format": table.format}
    if table.sha256 is not None:
        data["sha256"] = table.sha256
    chosen = key or uuid4().hex
    at = clock() if key is None else _first_asked(storage, clock, model, key)
    cause = Cause(kind="request", key=f"{upload}:{chosen}", text=f"A run on upload '{upload}' was asked for.", at=at)
    return runs.request(model, cause, data, traceparent=traceparent)


def _first_asked(storage: Storage, clock: Clock, model: str, key: str) -> datetime:
    """When a request of this key first came; a run's id follows from its time."""
    name = f"{model}/requests/{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    now = clock()
    try:
        storage.put(CONTROL, name, now.isoformat().encode(), create=True)
    except Precondition:
        blob = storage.get(CONTROL, name)
        return now if blob is None else datetime.fromisoformat(blob.data.decode())
    return now
