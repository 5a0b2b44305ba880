"""`python -m tests.benchmarks.serving.soak [--minutes 30]`: soak the serving role, print what was found.

At 80% of the capacity measured at the start, the champion changes every 10 s, one in 53 storage calls of the log is
refused, loses its answer or is slow, and after a quarter the host is killed. Ends with 1 when a promise was broken or
memory grew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.serving.soak.growth import grown
from tests.benchmarks.serving.soak.rivals import measured
from tests.benchmarks.serving.soak.soaking import Plan, soak
from tests.support.fault_proxy import Faults

EVERY_S = 10.0
MOST_GROWN = 8.0
"""MiB over the later half of a process's life that count as flat. Of a million requests in that time, each may have
left eight bytes behind."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    swaps = max(4, round(minutes * 60 / EVERY_S))
    faults = Faults(path="/devstoreaccount1/log/", every=53, slow_s=1.0)
    plan = Plan(swaps=swaps, every_s=EVERY_S, answers=1, kill_at=swaps // 4, faults=faults)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = asyncio.run(soak(plan, measured(), Path(folder)))
    gained = [grown(samples) for samples in found.memory]
    document = {
        "minutes": minutes,
        "capacity, requests/s": found.capacity_per_s and round(found.capacity_per_s),
        "answers": dict(sorted(found.record.counts.items())),
        "faults": dict(found.faults),
        "champions changed": swaps,
        "memory gained in the later half of each process, MiB": gained,
        "memory at the end of each process, MiB": [round(samples[-1][1], 1) for samples in found.memory if samples],
        "broken promises": found.broken(),
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 1 if found.broken() or max(gained) > MOST_GROWN else 0


if __name__ == "__main__":
    sys.exit(main())
