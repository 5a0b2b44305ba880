"""Cold starts: from the spawn of a serving process to its first score, its imports, and its memory a model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import psutil

from tests.benchmarks.serving import servers
from tests.benchmarks.serving.children import run_python
from tests.benchmarks.serving.client import post
from tests.benchmarks.serving.goals import Goal, Part
from tests.benchmarks.serving.many_models import MEBIBYTE_MODELS, publish_many
from tests.benchmarks.serving.stage import Stage

STARTS = 5
FURTHER = 20
"""Models of 1 MiB that are loaded beside the first to see what each takes."""

Span = tuple[float, float]
"""Seconds that passed, and seconds of processor time: the latter stays the same on a busy machine."""

_IMPORT = (
    "import time; t, c = time.perf_counter(), time.process_time(); import function_app; "
    "print(time.perf_counter() - t, time.process_time() - c)"
)


def run(stage: Stage) -> Part:
    """Times with files cached, storage on Azurite; medians of five."""
    publish_many(stage)
    _import(stage)  # fills the caches
    imports = [_import(stage) for _ in range(STARTS)]
    first_scores = [_first_score(stage) for _ in range(STARTS)]
    one_model, further = _memory(stage)
    numbers = {
        "import function_app": _told(imports),
        "spawn to first score": _told(first_scores),
        "memory with one model, MiB": round(one_model, 1),
        "memory for each further model of 1 MiB, MiB": round(further, 2),
    }
    goals = [
        Goal(
            what="spawn to first score",
            value=_told(first_scores)["s"],
            sign="≤",
            bound=1.5,
            unit="s",
        ),
        Goal(what="import function_app", value=_told(imports)["s"], sign="≤", bound=1.0, unit="s"),
        Goal(what="memory with one model", value=one_model, sign="≤", bound=140, unit="MiB"),
        Goal(what="memory for each further 1 MiB model", value=further, sign="≤", bound=3, unit="MiB"),
    ]
    return Part(numbers=numbers, goals=goals)


def _import(stage: Stage) -> Span:
    seconds, cpu_s = run_python(["-c", _IMPORT], servers.serving_environ(stage.connection)).split()
    return float(seconds), float(cpu_s)


def _first_score(stage: Stage) -> Span:
    with servers.evergreen("cold", stage.folder, stage.connection, {}) as server:
        post(server, server.path, stage.bodies[1].bodies[0])
        seconds = time.perf_counter() - server.started
        times = psutil.Process(server.process.pid).cpu_times()
    return seconds, times.user + times.system


def _told(spans: Sequence[Span]) -> dict[str, float]:
    seconds, cpu_s = zip(*spans, strict=True)
    return {"s": round(statistics.median(seconds), 3), "cpu_s": round(statistics.median(cpu_s), 3)}


def _memory(stage: Stage) -> tuple[float, float]:
    """Resident MiB with one model, and what each further one adds."""
    body = stage.bodies[1].bodies[0]
    with servers.evergreen("memory", stage.folder, stage.connection, {}) as server:
        process = psutil.Process(server.process.pid)
        for _ in range(50):
            post(server, server.path, body)
        one = process.memory_info().rss
        for name in MEBIBYTE_MODELS[:FURTHER]:
            for _ in range(5):
                post(server, f"/models/{name}/score", body)
        many = process.memory_info().rss
    return one / 2**20, (many - one) / FURTHER / 2**20
