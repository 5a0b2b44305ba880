"""How fast is serving, and does it reach what it should?

    .venv/bin/python tests/benchmarks/bench_serving.py                    measure all, print, write docs/benchmarks/
    .venv/bin/python tests/benchmarks/bench_serving.py contenders log     these parts, printed only

Every part measures its contenders in turn, in one run; a goal is a ratio taken within a round, or a time. A goal that
is missed is printed as such and fails nothing: the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.serving import cold, contenders, in_process_part, logging_cost, many_models, worker_part
from tests.benchmarks.serving.children import run_python
from tests.benchmarks.serving.goals import HEAD, Part, text_table
from tests.benchmarks.serving.machine import machine
from tests.benchmarks.serving.servers import BENCH_PYTHON, REPOSITORY
from tests.benchmarks.serving.stage import Stage, staged

PARTS: dict[str, Callable[[Stage], Part]] = {
    "contenders": contenders.run,
    "log": logging_cost.run,
    "process": in_process_part.run,
    "cold": cold.run,
    "many": many_models.run,
    "worker": worker_part.run,
}
FOLDER = REPOSITORY / "docs" / "benchmarks"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--dry", action="store_true", help="do not write docs/benchmarks/")
    chosen = parser.parse_args()
    names = chosen.parts or list(PARTS)
    if unknown := set(names) - set(PARTS):
        parser.error(f"expected parts of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    if not BENCH_PYTHON.exists():
        sys.stderr.write("The benchmarks of serving need an environment of their own. Run `make bench`.\n")
        return 1
    found: dict[str, Part] = {}
    about = machine(_versions())
    with staged() as stage:
        about["table"] = stage.table
        for name in names:
            started = time.perf_counter()
            found[name] = PARTS[name](stage)
            sys.stdout.write(f"\n{name} ({time.perf_counter() - started:.0f} s)\n")
            sys.stdout.write(json.dumps(found[name].numbers, indent=1) + "\n")
            if found[name].goals:
                sys.stdout.write(text_table([HEAD, *(goal.cells() for goal in found[name].goals)]))
            sys.stdout.flush()
    if not chosen.parts and not chosen.dry:
        _write(about, found)
    return 0


def _write(about: dict[str, object], found: dict[str, Part]) -> None:
    document = {
        "machine": about,
        "goals": [goal.to_json() for part in found.values() for goal in part.goals],
        "measured": {name: part.numbers for name, part in found.items()},
    }
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "serving.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    picture = path.with_suffix(".svg")
    run_python(["-m", "tests.benchmarks.serving.picture", str(path), str(picture)], {}, BENCH_PYTHON)


def _versions() -> dict[str, str]:
    code = "from importlib.metadata import version as v; print(*(f'{n}={v(n)}' for n in ('fastapi', 'uvloop')))"
    told = subprocess.run([str(BENCH_PYTHON), "-c", code], capture_output=True, text=True, check=True).stdout
    return dict(pair.split("=") for pair in told.split())


if __name__ == "__main__":
    sys.exit(main())
