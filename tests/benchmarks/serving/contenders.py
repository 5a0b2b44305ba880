"""Evergreen with its log off, against the floor and the app people write by hand, over sockets."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from tests.benchmarks.serving import servers
from tests.benchmarks.serving.goals import Goal, Part
from tests.benchmarks.serving.rounds import Contender, Rounds, faster, measure, ratio, summary
from tests.benchmarks.serving.stage import Stage

CONNECTIONS = (1, 8, 32)
ROUNDS, SECONDS = 7, 0.7
FASTAPI, FLOOR, EVERGREEN = "FastAPI + joblib + pandas", "floor", "Evergreen, log off"
_OF_FLOOR = {1: 0.5, 8: 0.33, 32: 0.33}


def run(stage: Stage) -> Part:
    """One row a request at 1, 8 and 32 connections; 100 and 1,000 rows at one."""
    numbers: dict[str, Any] = {}
    goals: list[Goal] = []
    with ExitStack() as stack:
        running = {
            FASTAPI: stack.enter_context(servers.uvicorn("handmade", stage.folder)),
            FLOOR: stack.enter_context(servers.uvicorn("floor", stage.folder, *servers.BARE)),
            EVERGREEN: stack.enter_context(
                servers.evergreen("off", stage.folder, stage.connection, {"EVERGREEN_LOG": "off"})
            ),
        }
        for rows, found in stage.bodies.items():
            sides = [
                Contender(name=name, server=server, labels=found.hand if name == FASTAPI else found.graph)
                for name, server in running.items()
            ]
            for connections in CONNECTIONS if rows == 1 else CONNECTIONS[:1]:
                file = str(stage.bodies_file(rows))
                rounds = measure(
                    sides,
                    bodies=file,
                    connections=connections,
                    rounds=ROUNDS,
                    seconds=SECONDS,
                    spins=connections == 1,  # one process each, for all contenders alike
                )
                key = f"{rows} rows, {connections} connections"
                numbers[key] = {name: summary(results, rows) for name, results in rounds.items()}
                goals += _one_row(rounds, connections) if rows == 1 else _many_rows(rounds, rows)
    return Part(numbers=numbers, goals=goals)


def _one_row(rounds: Rounds, connections: int) -> list[Goal]:
    at = f"at {connections} connection{'s' if connections > 1 else ''}"
    goals = [
        faster(rounds, f"requests/s against the floor, {at}", EVERGREEN, FLOOR, _OF_FLOOR[connections]),
        faster(rounds, f"requests/s against FastAPI, {at}", EVERGREEN, FASTAPI, 20),
    ]
    if connections == 1:
        goals.append(faster(rounds, f"the floor against FastAPI, {at}", FLOOR, FASTAPI, 30))
    if connections == 8:
        p99 = ratio(rounds, EVERGREEN, FLOOR, by="p99_us")
        goals.append(Goal(what=f"p99 against the floor's, {at}", value=p99, sign="≤", bound=3, unit="×"))
    return goals


def _many_rows(rounds: Rounds, rows: int) -> list[Goal]:
    return [faster(rounds, f"rows/s of {rows:,}-row bodies against the floor", EVERGREEN, FLOOR, 0.5)]
