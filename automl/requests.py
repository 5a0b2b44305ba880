"""Runs and reproductions that callers ask for, safely repeated: a request of the same key is the same run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from automl import uploads
from automl.errors import Conflict
from automl.events import Clock
from automl.registry import Registry
from automl.run import Cause, Run
from automl.runs import Runs
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
    chosen, at = _told_apart(storage, clock, model, key)
    cause = Cause(kind="request", key=f"{upload}:{chosen}", text=f"A run on upload '{upload}' was asked for.", at=at)
    return runs.request(model, cause, table.data, traceparent=traceparent)


def request_reproduction(
    registry: Registry,
    runs: Runs,
    model: str,
    version: str,
    *,
    key: str | None = None,
    traceparent: str | None = None,
) -> Run:
    """Ask for a version to be fitted once more on the rows it was made of, and compared.

    Parameters
    ----------
    key
        As for `request_run`.

    Raises
    ------
    NotFound
        There is no such version.
    Conflict
        It is known before that it cannot be reproduced.
    """
    manifest = registry.manifest(model, version)
    if (reason := why_not(manifest)) is not None:
        raise Conflict(f"Version '{version}' of model '{model}' cannot be reproduced: {reason}.")
    chosen, at = _told_apart(registry.storage, registry.clock, model, key)
    text = f"A reproduction of version {version} was asked for."
    cause = Cause(kind="request", key=f"reproduce:{version}:{chosen}", text=text, at=at)
    return runs.request(model, cause, manifest["data"]["dataset"], reproduces=version, traceparent=traceparent)


def why_not(manifest: Mapping[str, Any]) -> str | None:
    """Why a version cannot be reproduced, as far as its manifest tells; None where nothing speaks against it."""
    dataset = manifest.get("data", {}).get("dataset")
    if dataset is None:
        return "it was made elsewhere, or by a release that did not keep the rows of versions"
    if "reason" in dataset:
        return f"its rows were not kept ({dataset['reason']})"
    return None


def _told_apart(storage: Storage, clock: Clock, model: str, key: str | None) -> tuple[str, datetime]:
    """What tells a request from every other, and when it first came: now, where it has no key."""
    at = clock() if key is None else _first_asked(storage, clock, model, key)
    return key or uuid4().hex, at


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
