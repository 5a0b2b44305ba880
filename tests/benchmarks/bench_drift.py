"""How long does drift take? A million generated rows of 30 columns: counted from columns, from lines, and compared.

    .venv/bin/python tests/benchmarks/bench_drift.py                  measure and print
    .venv/bin/python tests/benchmarks/bench_drift.py --rows 100000    the same with fewer rows
    .venv/bin/python tests/benchmarks/bench_drift.py --evidently PYTHON    and evidently on the same rows

PYTHON is that of an environment with evidently and pandas below 3, without which evidently 0.7.23 cannot be imported;
none of the project's has it. Its columns are those of the first measurement, in memory as well.

Each measurement is a process of its own, so that its peak memory is its own. All of it is one thread, so on a machine
that is shared the seconds of the processor say more than those of the clock.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from automl.lake.features import Layout
from automl.lake.lines import Lines
from automl.lake.rows import schema
from automl.monitoring.drift_counts import Counts, tally_of
from automl.monitoring.drift_measure import measure
from automl.monitoring.drift_quality import oddities
from automl.monitoring.drift_reference import Reference, References
from automl.monitoring.histograms import Tally
from automl.registry import Registry
from tests.benchmarks.drift_table import (
    CATEGORIES,
    NAMES,
    NUMBERS,
    REFERENCE_ROWS,
    Table,
    lines_of,
    reference_of,
    table_of,
)
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage

CHUNK = 20_000
"""Rows that are generated together, outside of the time that is measured."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--evidently", metavar="PYTHON", help="of an environment that has evidently")
    chosen = parser.parse_args()
    rows = chosen.rows
    _say(f"{rows:,} rows, {NUMBERS} numbers, {CATEGORIES} categories")
    _say(f"{'':<40} {'seconds':>8} {'of processor':>13} {'peak MiB':>9} {'before':>7}")
    for name, work in (("columns, counted and compared", columns), ("lines, counted and compared", lines)):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            took = pool.apply(work, (rows,))
        _tell(name, took)
    if chosen.evidently:
        version, took = evidently(chosen.evidently, rows)
        _tell(f"columns, evidently {version} DataDriftPreset", took)
    return 0


@dataclass
class Took:
    """What some work took: seconds, and the largest resident memory in MiB before and after."""

    wall: float = 0.0
    processor: float = 0.0
    before: float = 0.0
    peak: float = 0.0

    def run(self, work: Callable[[], None]) -> None:
        """Do the work and add what it took."""
        self.before = self.before or _mib()
        wall, processor = time.perf_counter(), time.process_time()
        work()
        self.wall += time.perf_counter() - wall
        self.processor += time.process_time() - processor
        self.peak = _mib()


def columns(rows: int) -> Took:
    """All columns are in memory, as evidently's are."""
    reference, given, took = reference_of(), table_of(rows, seed=1), Took()
    took.run(lambda: _compare(reference, _counted(reference, given)))
    return took


def lines(rows: int) -> Took:
    """Lines of the log come in chunks, as blobs do; making them is not counted."""
    reference = reference_of()
    references = References(Registry(MemoryStorage(), FixedClock()), "bench")
    references._read[reference.version] = reference
    counts, took, reader = Counts(references), Took(), Lines("predictions", Layout(schema("predictions")))
    for start in range(0, rows, CHUNK):
        chunk = b"\n".join([*lines_of(table_of(min(CHUNK, rows - start), seed=start)), b""])
        took.run(partial(_read, reader, counts, chunk))
    (tally,) = counts.tallies[reference.version].values()
    assert tally.rows == rows
    took.run(lambda: _compare(reference, tally))
    return took


def evidently(python: str, rows: int) -> tuple[str, Took]:
    """evidently's version, and what it takes for the rows that `columns` counts, beside those of the baseline."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("reference.parquet", "current.parquet")]
        for path, table in zip(paths, (table_of(REFERENCE_ROWS, seed=10**9), table_of(rows, seed=1)), strict=True):
            pq.write_table(pa.table(dict(zip([*NAMES, "prediction", "score"], table, strict=True))), path)
        script = Path(__file__).with_name("evidently_drift.py")
        told = subprocess.run([python, script, *paths], check=True, capture_output=True, text=True).stdout
    took = json.loads(told.splitlines()[-1])
    return took.pop("version"), Took(**took)


def _read(reader: Lines, counts: Counts, chunk: bytes) -> None:
    counts.add(reader.table(chunk, "2026-11-20")[0])


def _counted(reference: Reference, given: Table) -> Tally:
    whole = Tally.empty(reference)
    for start in range(0, len(given[0]), CHUNK):
        part = [column[start : start + CHUNK] for column in given]
        whole.add(tally_of(reference, part, len(part[0])))
    return whole


def _compare(reference: Reference, tally: Tally) -> None:
    measure(reference, tally)
    oddities(reference, tally)


def _tell(name: str, took: Took) -> None:
    _say(f"{name:<40} {took.wall:>8.2f} {took.processor:>13.2f} {took.peak:>9.0f} {took.before:>7.0f}")


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
