"""What the prediction log costs over sockets: off, async, durable, and one append for each request, on Azurite."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from typing import Any

from tests.benchmarks.serving import servers
from tests.benchmarks.serving.contenders import CONNECTIONS
from tests.benchmarks.serving.goals import Goal, Part
from tests.benchmarks.serving.rounds import Contender, faster, measure, ratio, summary
from tests.benchmarks.serving.stage import Stage

ROUNDS, SECONDS = 7, 0.8
OFF, ASYNC, DURABLE = "log off", "async", "durable"
ALONE, SERIAL = "one append a request, 8 blobs", "one append a request, 1 blob"


def run(stage: Stage) -> Part:
    """All of them at 1, 8 and 32 connections, one row a request."""
    numbers: dict[str, Any] = {}
    goals: list[Goal] = []
    gains: list[float] = []
    serial = 0.0
    with ExitStack() as stack:
        running = {name: stack.enter_context(_host(name, stage)) for name in (OFF, ASYNC, DURABLE, ALONE, SERIAL)}
        sides = [
            Contender(name=name, server=server, labels=stage.bodies[1].graph) for name, server in running.items()
        ]
        for connections in CONNECTIONS:
            file = str(stage.bodies_file(1))
            rounds = measure(sides, bodies=file, connections=connections, rounds=ROUNDS, seconds=SECONDS)
            numbers[f"{connections} connections"] = {name: summary(found, 1) for name, found in rounds.items()}
            what = f"async log against log off, requests/s, {connections} connections"
            goals.append(faster(rounds, what, ASYNC, OFF, 0.9))
            gains.append(ratio(rounds, DURABLE, ALONE))
            serial = ratio(rounds, DURABLE, SERIAL)
    for against, gain in ((SERIAL, serial), (ALONE, gains[-1])):
        what = f"durable against {against}, {CONNECTIONS[-1]} connections"
        goals.append(Goal(what=what, value=gain, sign="≥", bound=12, unit="×"))
    for (few, many), (less, more) in zip(pairwise(CONNECTIONS), pairwise(gains), strict=True):
        what = f"growth of that ratio from {few} to {many} connections"
        goals.append(Goal(what=what, value=more / less, sign=">", bound=1, unit="×"))
    numbers["durable against one append a request"] = dict(zip(map(str, CONNECTIONS), gains, strict=True))
    return Part(numbers=numbers, goals=goals)


def _host(name: str, stage: Stage) -> Any:
    mode = {OFF: "off", ASYNC: "async"}.get(name, "durable")
    module = servers.ONE_APPEND if name in (ALONE, SERIAL) else servers.HOST
    environ = {"EVERGREEN_LOG": mode, "ONE_APPEND_BLOBS": "1" if name == SERIAL else "8"}
    return servers.evergreen(name.replace(" ", "-"), stage.folder, stage.connection, environ, module=module)
