"""A hundred models of 1 MiB on one instance: what a cold one's first score takes, and what it does to the others."""

from __future__ import annotations

import statistics
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import onnx

from tests.benchmarks.serving import model, servers
from tests.benchmarks.serving.client import post
from tests.benchmarks.serving.goals import Goal, Part
from tests.benchmarks.serving.load import Job, Result
from tests.benchmarks.serving.rounds import Contender, check, in_own_process
from tests.benchmarks.serving.servers import Server
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
    """First scores of cold models, one after another, while one client goes on scoring the first model.

    The models load in the process that answers that client, and in another one beside it: what the second does to
    the client is the sharing of the cores alone, with the storage emulator and the load generator on them, too.
    """
    publish_many(stage)
    registry = stage.core().registry
    body = stage.bodies[1].bodies[0]
    with ExitStack() as stack:
        within, beside = (
            stack.enter_context(servers.evergreen(name, stage.folder, stage.connection, {"EVERGREEN_LOG": "off"}))
            for name in ("many", "many-beside")
        )
        for server in (within, beside):
            post(server, server.path, body)
        job = Job(
            port=within.port,
            pid=within.process.pid,
            path=within.path,
            bodies=str(stage.bodies_file(1)),
            connections=1,
            seconds=_SECONDS,
            pause_s=_PAUSE_S,
        )
        before = in_own_process(job)
        elsewhere, _ = _while_loading(job, beside, body)
        disturbed, cold_ms = _while_loading(job, within, body)
        after = in_own_process(job)
    other = Contender(name="the other model", server=within, labels=stage.bodies[1].graph)
    for result in (before, elsewhere, disturbed, after):
        check(other, result)
    calm_us = statistics.mean([before.p99_us, after.p99_us])
    numbers: dict[str, Any] = {
        "graph, MiB": round(len(registry.file(MEBIBYTE_MODELS[0], "first", "model.onnx")) / 2**20, 2),
        "first score of a cold model, ms": {
            "p50": round(statistics.median(cold_ms), 1),
            "max": round(max(cold_ms), 1),
        },
        "another model's p99, µs": {
            "before": before.p99_us,
            "while models load": disturbed.p99_us,
            "while they load in another process": elsewhere.p99_us,
            "after": after.p99_us,
        },
    }
    another = "another model's p99 while cold models load"
    goals = [
        Goal(
            what="first score of a cold 1 MiB model, p50",
            value=statistics.median(cold_ms),
            sign="≤",
            bound=150,
            unit="ms",
        ),
        Goal(what=another, value=disturbed.p99_us / calm_us, sign="≤", bound=2, unit="×"),
        Goal(
            what=f"{another}, against loads in another process",
            value=disturbed.p99_us / elsewhere.p99_us,
            sign="≤",
            bound=2,
            unit="×",
        ),
    ]
    return Part(numbers=numbers, goals=goals)


def _while_loading(job: Job, server: Server, body: bytes) -> tuple[Result, list[float]]:
    """What a client meets while all hundred are scored for the first time, and what those scores took, in ms."""
    cold_ms: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(in_own_process, job)
        for name in MEBIBYTE_MODELS:
            time.sleep(BETWEEN_S)
            started = time.perf_counter()
            post(server, f"/models/{name}/score", body)
            cold_ms.append((time.perf_counter() - started) * 1e3)
        return beside.result(), cold_ms
