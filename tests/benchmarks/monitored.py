"""A model with a log that no pass has read: generated predictions and truths, in the lines that serving writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from automl import spec
from automl.events import iso
from automl.log.ids import Ids
from automl.log.lane import BLOB_BYTES, blocks
from automl.log.records import Recorder, truth_line
from automl.log.redaction import Redaction
from automl.registry import Registry
from automl.spec import Spec
from automl.storage import LOG, Storage
from tests.benchmarks.drift_table import NAMES, reference_files, table_of
from tests.support.clock import FixedClock

MODEL, VERSION = "bench", "v1"
REQUEST = 1_000
"""Rows of one scoring request: they have one time."""

CHUNK = 20_000


@dataclass
class Log:
    """Appends to the blobs of an hour as a lane does: whole lines, blocks of 4 MiB, blobs of 64 MiB."""

    storage: Storage
    kind: str
    hour: str
    number: int = 0
    size: int = BLOB_BYTES

    def write(self, lines: bytes) -> None:
        """Add lines."""
        for block in blocks(lines):
            if self.size >= BLOB_BYTES:
                self.number, self.size = self.number + 1, 0
            name = f"{MODEL}/{self.kind}/{self.hour}/bench-{self.number:03}.jsonl"
            self.size = self.storage.append(LOG, name, block, at=self.size)


def begin(storage: Storage, clock: FixedClock) -> None:
    """A model with one version, which is champion."""
    columns = {"key": "order"}
    spec.save(storage, Spec.from_json({"name": MODEL, "target": "y", "task": "classification", "columns": columns}))
    registry = Registry(storage, clock)
    manifest: dict[str, object] = {"run_id": "none", "data": {}, "labelled": None, "trained_until": iso(clock())}
    registry.publish(MODEL, VERSION, reference_files(), manifest)
    registry.register(MODEL, VERSION)


def live(
    storage: Storage, clock: FixedClock, rows: int, *, hours: int, seed: int, keys: str = "", told_share: float = 1.0
) -> None:
    """Predict so many rows within some hours, and tell their truths in another order, each hour's an hour later. The
    clock goes on until all are told.

    Parameters
    ----------
    keys
        What the business keys of the rows begin with, before their numbers; without it they have none.
    told_share
        Share of the rows whose truth is told.
    """
    rng = np.random.default_rng(seed)
    for hour in range(hours):
        predictions = Log(storage, "predictions", f"{clock():%Y-%m-%d/%H}")
        truth = Log(storage, "truth", f"{clock() + timedelta(hours=1):%Y-%m-%d/%H}")
        start, told = round(clock().timestamp() * 1000), list[bytes]()
        received = start + 3_600_000
        named = f"{keys}-{hour}" if keys else ""
        for ids, lines, truths in _chunks(rows // hours, start, seed + hour * rows, named):
            predictions.write(lines)
            told += [
                truth_line({"id": one}, value, at_ms=received, received_ms=received)
                for one, value in zip(ids, truths, strict=True)
                if rng.random() < told_share
            ]
        rng.shuffle(told)
        truth.write(b"".join(told))
        clock.advance(hours=1)
    clock.advance(hours=1)


def tell_keys(storage: Storage, clock: FixedClock, keys: Sequence[str]) -> None:
    """Tell the truth of some business keys, all at once; every second is `yes`."""
    now_ms = round(clock().timestamp() * 1000)
    told = [
        truth_line({"key": key}, "yes" if place % 2 else "no", at_ms=now_ms, received_ms=now_ms)
        for place, key in enumerate(keys)
    ]
    Log(storage, "truth", f"{clock():%Y-%m-%d/%H}").write(b"".join(told))


def _chunks(rows: int, start: int, seed: int, keys: str) -> Iterator[tuple[list[str], bytes, list[str]]]:
    """Ids, prediction lines and truths of some rows; one answer in ten is wrong."""
    mint, recorder = (
        Ids(b"k" * 32),
        Recorder(model=MODEL, version=VERSION, role="champion", redaction=Redaction(()), key="order"),
    )
    rng = np.random.default_rng(seed)
    for first in range(0, rows, CHUNK):
        count = min(CHUNK, rows - first)
        *features, answers, scores = table_of(count, seed=seed + first)
        columns = [column.tolist() for column in features]
        columns[0] = [None if value != value else value for value in columns[0]]  # noqa: PLR0124  (NaN is missing)
        records = [dict(zip(NAMES, row, strict=True)) for row in zip(*columns, strict=True)]
        ids: list[str] = []
        lines: list[bytes] = []
        for place in range(0, count, REQUEST):
            part = slice(place, min(place + REQUEST, count))
            at_ms = start + (first + place) // REQUEST
            made = mint.mint(MODEL, part.stop - part.start, at_ms)
            own = scores[part]
            lines.append(
                recorder.lines(
                    at_ms=at_ms,
                    ids=made,
                    keys=[f"{keys}-{first + row}" for row in range(part.start, part.stop)] if keys else None,
                    features=records[part],
                    labels=answers[part].tolist(),
                    probabilities=np.column_stack([1 - own, own]).tolist(),
                    latency_us=900,
                )
            )
            ids += made
        wrong = rng.random(count) < 0.1
        truths = np.where(wrong, np.where(answers == "yes", "no", "yes"), answers)
        yield ids, b"".join(lines), truths.tolist()
