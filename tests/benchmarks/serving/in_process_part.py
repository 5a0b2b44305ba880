"""Goals of one row in process."""

from __future__ import annotations

import json
from typing import Any

from tests.benchmarks.serving.children import run_python
from tests.benchmarks.serving.goals import Goal, Part
from tests.benchmarks.serving.servers import serving_environ
from tests.benchmarks.serving.stage import Stage

_SCRIPT = "tests.benchmarks.serving.in_process"


def run(stage: Stage) -> Part:
    """Bytes in to bytes out, its parts, and merged requests."""
    numbers: dict[str, Any] = json.loads(
        run_python(["-m", _SCRIPT, str(stage.folder)], serving_environ(stage.connection))
    )
    one, thousand = numbers["one row"]["p50"], numbers["1,000 rows"]["rows_per_s"]
    return Part(
        numbers=numbers,
        goals=[
            Goal(what="one row in process, bytes to bytes, p50", value=one, sign="≤", bound=100, unit="µs"),
            Goal(what="1,000 rows in process, one thread", value=thousand, sign="≥", bound=40_000, unit="rows/s"),
        ],
    )
