"""Predictions and truths by business key, and what the key index of a model has, for tests to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from automl.lake.key_index import KeyIndex
from automl.storage import CONTROL, Storage
from tests.support.replay import Replay, append, prediction_line


def predict(replay: Replay, *keys: str | None, version: str = "v1") -> list[str]:
    """Log a prediction of each key; their ids."""
    now_ms = round(replay.clock().timestamp() * 1000)
    ids = replay.ids.mint(replay.model, len(keys), now_ms)
    fixed = {"version": version, "features": {"x": 0.7}, "prediction": 1, "probabilities": [0.3, 0.7]}
    lines = []
    for one, key in zip(ids, keys, strict=True):
        own = {} if key is None else {"key": key}
        lines.append(prediction_line(id=one, **own, model=replay.model, at=now_ms, **fixed))
    append(replay.storage, replay.model, "predictions", replay.clock(), lines)
    return ids


def tell(replay: Replay, *names: dict[str, str], truth: int = 1, at: int | None = None) -> list[dict[str, Any]]:
    """Log truths by key or id, received now; the records."""
    now_ms = round(replay.clock().timestamp() * 1000)
    told = [{**name, "truth": truth, "at": now_ms if at is None else at, "received": now_ms} for name in names]
    append(replay.storage, replay.model, "truth", replay.clock(), [orjson.dumps(record) for record in told])
    return told


def parts(storage: Storage, model: str) -> dict[str, int]:
    """How many parts the key index has of each day."""
    return {day: len(blobs) for day, blobs in KeyIndex(storage, model).days().items()}


def part_names(storage: Storage, model: str) -> list[str]:
    """The blobs of the key index."""
    return [info.name for info in storage.find(CONTROL, f"{model}/keys/")]


def indexed(storage: Storage, model: str, keys: Sequence[str]) -> set[str]:
    """Those of some keys whose hash the index has on some day."""
    index = KeyIndex(storage, model)
    found = [index.read(blobs) for blobs in index.days().values()]
    return {key for key in keys if any(len(part.of(index.hashes.of([key]))) for part in found)}
