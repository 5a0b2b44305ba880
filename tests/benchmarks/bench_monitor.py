"""How long does a pass of the monitor take, and how much memory? A million predictions of 30 features with truths.

    .venv/bin/python tests/benchmarks/bench_monitor.py                  measure and print
    .venv/bin/python tests/benchmarks/bench_monitor.py --rows 100000    the same with fewer rows

The log is generated through the real lines and ids into an Azurite of its own. Each pass is a process of its own, so
that its peak memory is its own, and has everything to do that a pass in production has: read, join, measure, count
drift, judge, move into the lake. On a machine that is shared, the seconds of the processor say more than those of the
clock; Azurite's are not in them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from automl.azure_storage import AzureStorage
from automl.settings import Settings
from tests.benchmarks.monitored import MODEL, begin, live, tell_keys
from tests.support.azurite import azurite
from tests.support.clock import FixedClock

HOURS = 20
"""Hours over which the predictions are spread."""

KEEP_DAYS = 3
"""Days that stay in the log where truth comes by key."""

GOAL_S, GOAL_MIB, GOAL_NOTHING_S, GOAL_RATIO = 30, 800, 1, 1.2
"""Of a million rows on two cores; of a pass with nothing new; of the same pass with ten times the history."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """What a pass took: seconds of the clock and of the processor, and MiB of resident memory at most."""

    clock_s: float
    processor_s: float
    peak_mib: float
    text: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--history", type=int, default=100_000, help="rows of each day of the history")
    parser.add_argument("--days", type=int, default=10, help="days of the history; 0 leaves that part out")
    parser.add_argument("--keys", type=int, default=10_000, help="truths by business key after such a history")
    chosen = parser.parse_args()
    _say(f"{'':<52} {'seconds':>8} {'of processor':>13} {'peak MiB':>9}   goal")
    with azurite() as connection:
        clock, storage = FixedClock(), _storage(connection)
        begin(storage, clock)
        live(storage, clock, chosen.rows, hours=HOURS, seed=1)
        _tell(f"{chosen.rows:,} predictions and truths", _pass(connection, clock), f"{GOAL_S} s, {GOAL_MIB} MiB")
        _tell("nothing new", _pass(connection, clock), f"{GOAL_NOTHING_S} s")
    if chosen.days:
        _history(chosen.history, chosen.days)
        _keys(chosen.history, chosen.days, chosen.keys)
    return 0


def _history(rows: int, days: int) -> None:
    """The same pass after one day and after many."""
    with azurite() as connection:
        clock, storage = FixedClock(), _storage(connection)
        begin(storage, clock)
        took: list[Took] = []
        for day in range(days + 1):
            live(storage, clock, rows, hours=HOURS, seed=10**8 * (day + 1))
            took.append(_pass(connection, clock))
    _tell(f"{rows:,} rows, after as many", took[1], "")
    ratio = took[-1].processor_s / took[1].processor_s
    _tell(f"{rows:,} rows, after {days} times as many: {ratio:.2f} times", took[-1], f"{GOAL_RATIO} times")


def _keys(rows: int, days: int, count: int) -> None:
    """Truth by business key for predictions of many days, most of which are in the lake alone."""
    with azurite() as connection:
        clock, storage = FixedClock(), _storage(connection)
        begin(storage, clock)
        for day in range(days):
            live(storage, clock, rows, hours=HOURS, seed=10**8 * (day + 1), keys=f"order-{day}", told_share=0.3)
            clock.advance(hours=23 - HOURS)
            _pass(connection, clock, KEEP_DAYS)
        rng = np.random.default_rng(0)
        for name, among in (("one day", [days // 2]), (f"all {days} days", range(days))):
            places = rng.choice(among, count), rng.integers(0, HOURS, count), rng.integers(0, rows // HOURS, count)
            tell_keys(storage, clock, [f"order-{day}-{hour}-{row}" for day, hour, row in zip(*places, strict=True)])
            _tell(f"{count:,} truths by key of {name} of {rows:,} rows", _pass(connection, clock, KEEP_DAYS), "")
            clock.advance(hours=1)


def _storage(connection: str) -> AzureStorage:
    storage = AzureStorage(Settings(storage=connection))
    storage.create_containers()
    return storage


def _pass(connection: str, clock: FixedClock, keep_days: int = 30) -> Took:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (connection, clock(), keep_days))


def _measured(connection: str, now: datetime, keep_days: int) -> Took:
    """One pass, in this process."""
    from automl.monitoring.passes import monitor_pass
    from automl.registry import Registry
    from automl.runs import Runs

    settings = Settings(storage=connection, log_keep_days=keep_days)
    storage, clock = AzureStorage(settings), FixedClock(now)
    began, used = time.perf_counter(), time.process_time()
    report = monitor_pass(storage, Registry(storage, clock), Runs(storage, clock, settings), clock, MODEL)
    took = Took(
        clock_s=time.perf_counter() - began,
        processor_s=time.process_time() - used,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        text=report.text,
    )
    if report.failure or report.lake:
        raise RuntimeError(json.dumps(report.to_json(), default=str))
    return took


def _tell(name: str, took: Took, goal: str) -> None:
    _say(f"{name:<52} {took.clock_s:>8.1f} {took.processor_s:>13.1f} {took.peak_mib:>9.0f}   {goal}")
    _say(f"    {took.text}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
