"""One row without HTTP, bytes in to bytes out, and what its parts take; and what merging requests would save.

A process of its own, so that nothing but serving is imported: `python -m tests.benchmarks.serving.in_process BODIES`
with the environment of a serving process. Writes microseconds as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime

from automl import bootstrap
from automl.bootstrap import Serving
from automl.log import writer
from automl.log.group import TOGETHER
from automl.log.predictions import Lines, Predictions, lines_of
from automl.scoring import response, rows
from automl.scoring.reading import Reading, Rows
from automl.scoring.service import Answer, Scoring
from automl.settings import LogMode
from automl.tensors import Tensors
from tests.benchmarks.serving import MODEL

REPEAT = 3_000
WHOLE, LOGGED = "whole", "whole, logged"
MERGED = (1, 2, 4, 8, 16, 32)
_BATCHES = 300
_BLOCK = 20


class Forgetful(writer.AppendLog):
    """Keeps as many predictions as the log writes as lines together; what that takes is measured by itself."""

    newest: ClassVar[deque[Lines]] = deque(maxlen=TOGETHER)

    def put(self, model: str, lines: Lines, records: int = 1) -> None:
        """Keep them."""
        self.newest.append(lines)


async def measure(bodies: Sequence[bytes], many: Sequence[bytes]) -> dict[str, Any]:
    """All numbers, in microseconds but for `rows_per_s`."""
    setattr(writer, "AppendLog", Forgetful)  # noqa: B010 - before the parts are wired
    serving = _serving("off")
    session = serving.champions.get(MODEL)
    off, logged = serving.scoring, _serving("durable").scoring
    readings: list[Reading] = []
    given: list[Rows] = []

    def remember(reading: Reading) -> Rows:
        readings.append(reading)
        given.append(rows.from_json(reading, bodies[len(given)]))
        return given[-1]

    answers = [await off.answer(MODEL, remember, _itself, size=len(body)) for body in bodies]
    tensors = [each.tensors for each in given]
    run, at_ms = _graph(serving), 1_790_000_000_000
    found = await _timed(
        {
            WHOLE: lambda at: _whole(off, bodies[at]),
            LOGGED: lambda at: _whole(logged, bodies[at]),
            "parse": lambda at: _later(rows.from_json, readings[at], bodies[at]),
            "onnxruntime": lambda at: _later(run, tensors[at]),
            "onnxruntime and labels": lambda at: _later(session.score, tensors[at]),
            "ids": lambda _: _later(serving.ids.mint, MODEL, 1, at_ms),
            "answer as JSON": lambda at: _later(response.to_json, answers[at]),
        },
        len(bodies),
        REPEAT,
    )
    whole, with_line = found.pop(WHOLE), found.pop(LOGGED)
    found["leaving a prediction to the log"] = _differences(with_line, whole)
    found["log line"] = _lines([each for each in Forgetful.newest if isinstance(each, Predictions)])
    thousand = await _timed({WHOLE: lambda at: _whole(off, many[at])}, len(many), 40)
    return {
        "one row": _percentiles(whole),
        "one row that is logged, but for its line": _percentiles(with_line),
        "parts": {name: _percentiles(times) for name, times in found.items()},
        "1,000 rows": {
            **_percentiles(thousand[WHOLE]),
            "rows_per_s": round(1e9 / statistics.median(thousand[WHOLE])),
        },
        "merged requests, onnxruntime alone, a row": _merged(run, tensors),
    }


def _serving(mode: LogMode) -> Serving:
    """The parts of a serving process, with the champion loaded and a log that forgets."""
    core = bootstrap.process()
    serving = bootstrap.build_serving(replace(core, settings=replace(core.settings, log=mode)))
    serving.champions.get(MODEL)
    return serving


def _graph(serving: Serving) -> Callable[[Tensors], Any]:
    """The champion's graph in a bare onnxruntime session."""
    version = serving.core.registry.pointer(MODEL).champion
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    onnx = serving.core.registry.file(MODEL, version, "model.onnx")
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    return lambda each: session.run(["label", "probabilities"], {"num": each.num, "cat": each.cat})


def _merged(run: Callable[[Tensors], Any], tensors: Sequence[Tensors]) -> dict[str, dict[str, float]]:
    """What a row costs when so many one-row requests share one call, putting their tensors together included.

    Sizes take turns, so that all of them meet the same machine.
    """
    taken: dict[int, list[float]] = {count: [] for count in MERGED}
    for batch in range(_BATCHES):
        for count, times in taken.items():
            rows_of_batch = [tensors[(batch * count + place) % len(tensors)] for place in range(count)]
            started = time.perf_counter_ns()
            run(Tensors.concat(rows_of_batch) if count > 1 else rows_of_batch[0])
            times.append((time.perf_counter_ns() - started) / 1e3 / count)
    return {str(count): _percentiles(times) for count, times in taken.items()}


def _itself(answer: Answer) -> Answer:
    return answer


async def _whole(scoring: Scoring, body: bytes) -> bytes:
    read = partial(rows.from_json, body=body)
    return await scoring.answer(MODEL, read, response.to_json, size=len(body))


async def _later(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


async def _timed(
    calls: Mapping[str, Callable[[int], Awaitable[Any]]], inputs: int, repeat: int
) -> dict[str, list[float]]:
    """Microseconds of each call.

    They take turns in blocks: all meet the same machine, and none finds its caches full of another's data.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for block in range(-1, repeat // _BLOCK):
        for name, call in calls.items():
            for number in range(_BLOCK):
                started = time.perf_counter_ns()
                await call((block * _BLOCK + number) % inputs)
                if block >= 0:  # the first one warms up
                    times[name].append((time.perf_counter_ns() - started) / 1e3)
    return times


def _differences(more: Sequence[float], less: Sequence[float]) -> list[float]:
    """What one call took beyond another, block by block."""
    starts = range(0, len(more), _BLOCK)
    return [statistics.median(more[at : at + _BLOCK]) - statistics.median(less[at : at + _BLOCK]) for at in starts]


def _lines(requests: Sequence[Predictions]) -> list[float]:
    """Microseconds that a line takes when so many are written together."""
    times: list[float] = []
    for _ in range(_BATCHES):
        started = time.perf_counter_ns()
        lines_of(requests)
        times.append((time.perf_counter_ns() - started) / 1e3 / len(requests))
    return times


def _percentiles(times: Sequence[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(times), 2), "p99": round(float(np.percentile(times, 99)), 2)}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    one, thousand = (json.loads((folder / f"bodies-{rows}.json").read_text()) for rows in (1, 1000))
    found = asyncio.run(measure([body.encode() for body in one], [body.encode() for body in thousand]))
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # the champions' thread would go on looking
