"""A hundred models of 1 MiB on one instance: what a cold one's first score takes, and what it does to the others."""

from __future__ import annotations

import statistics
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import onnx

from tests.benchmarks.serving import model, servers
from tests.benchmarks.serving.client import post
from tests.benchmarks.serving.goals import Goal, Part
from tests.benchmarks.serving.load import Job
from tests.benchmarks.serving.rounds import Contender, check, in_own_process
from tests.benchmarks.serving.stage import Stage

MEBIBYTE_MODELS = tuple(f"many-{number:03d}" for number in range(100))
_TREES, _LEAVES = 300, 103
"""Of a model whose graph has 1.00 MiB on UCI Adult."""

BETWEEN_S = 0.05
"""Between two requests for a cold model."""

_SECONDS = 5.0
"""Loading all hundred takes longer, so that all that is measured beside it was measured beside it."""

_PAUSE_S = 0.002
"""Between an answer and the next request of those who are to be left undisturbed."""


def publish_many(stage: Stage) -> None:
    """A hundred models of different bytes: the same trees, another name in each file. Once for a stage."""
    registry = stage.core().registry
    if MEBIBYTE_MODELS[-1] in registry.models():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LightGBM warns of feature names that nobody uses
        version = model.make(stage.understood, trees=_TREES, leaves=_LEAVES)
    graph = onnx.load_from_string(version.onnx)
    for name in MEBIBYTE_MODELS:
        graph.doc_string = name
        version.publish(registry, "first", model=name, onnx=graph.SerializeToString())


def run(stage: Stage) -> Part:
    """First scores of all hundred, one after another, while one client goes on scoring the first model."""
    publish_many(stage)
    registry = stage.core().registry
    body = stage.bodies[1].bodies[0]
    with servers.evergreen("many", stage.folder, stage.connection, {"EVERGREEN_LOG": "off"}) as server:
        post(server, server.path, body)
        other = Contender(name="the other model", server=server, labels=stage.bodies[1].graph)
        job = Job(
            port=server.port,
            pid=server.process.pid,
            path=server.path,
            bodies=str(stage.bodies_file(1)),
            connections=1,
            seconds=_SECONDS,
            pause_s=_PAUSE_S,
        )
        undisturbed = in_own_process(job)
        cold: list[float] = []
        with ThreadPoolExecutor(1) as pool:
            beside = pool.submit(in_own_process, job)
            for name in MEBIBYTE_MODELS:
                time.sleep(BETWEEN_S)
                started = time.perf_counter()
                post(server, f"/models/{name}/score", body)
                cold.append((time.perf_counter() - started) * 1e3)
            disturbed = beside.result()
        again = in_own_process(job)
    for result in (undisturbed, disturbed, again):
        check(other, result)
    calm_us = statistics.mean([undisturbed.p99_us, again.p99_us])
    numbers: dict[str, Any] = {
        "graph, MiB": round(len(registry.file(MEBIBYTE_MODELS[0], "first", "model.onnx")) / 2**20, 2),
        "first score of a cold model, ms": {
            "p50": round(statistics.median(cold), 1),
            "max": round(max(cold), 1),
        },
        "another model's p99, µs": {
            "before": undisturbed.p99_us,
            "while models load": disturbed.p99_us,
            "after": again.p99_us,
        },
    }
    goals = [
        Goal(
            what="first score of a cold 1 MiB model, p50",
            value=statistics.median(cold),
            sign="≤",
            bound=150,
            unit="ms",
        ),
        Goal(
            what="another model's p99 while cold models load",
            value=disturbed.p99_us / calm_us,
            sign="≤",
            bound=2,
            unit="×",
        ),
    ]
    return Part(numbers=numbers, goals=goals)
