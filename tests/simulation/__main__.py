"""Simulate the rules of deciding and write what came of it.

    python -m tests.simulation [--seed 0] [--jobs 2]

Prints a table, writes docs/benchmarks/deciding.json, and ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from infra.local.azurite import REPOSITORY
from tests.simulation.cases import cases

PAGE = REPOSITORY / "docs" / "benchmarks" / "deciding.json"


def main() -> int:
    """Run every case."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    asked.add_argument("--seed", type=int, default=0, help="other streams of the same kind")
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    options = asked.parse_args()
    found: list[dict[str, Any]] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for place, case in enumerate(cases()):
            first = (options.seed * 1_000 + place) * 10**6  # no two cases share a stream
            seeds = range(first, first + case.streams)
            found.append(case.told(list(pool.map(case.draw, seeds, chunksize=50))))
            sys.stdout.write(line_of(found[-1]) + "\n")
            sys.stdout.flush()
    PAGE.write_text(json.dumps({"seed": options.seed, "cases": found}, indent=1) + "\n", encoding="utf-8")
    return 0 if all(told["met"] for told in found) else 1


def line_of(told: dict[str, Any]) -> str:
    """One row of the table.

    >>> line_of({"name": "a", "streams": 9, "tells": "delay", "goal": 5.0, "value": None, "met": False})
    'a                                                                            9 streams  never  goal 5  MISSED'
    """
    if told["tells"] == "delay":
        value = "never" if told["value"] is None else f"{told['value']:,.0f} labels"
        goal = "" if told["goal"] is None else f"{told['goal']:,.0f}"
    else:
        value = f"{told['value']:.2%} (95% bound {told['upper']:.2%})"
        goal = "" if told["goal"] is None else f"{told['goal']:.0%}" + (" for the bound" if told["by_bound"] else "")
    verdict = f"  goal {goal}  {'met' if told['met'] else 'MISSED'}" if goal else ""
    return f"{told['name']:<70} {told['streams']:>7,} streams  {value}{verdict}"


if __name__ == "__main__":
    sys.exit(main())
