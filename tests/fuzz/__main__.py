"""The long form: a million bodies in parts, one process each. `make fuzz`, or `python -m tests.fuzz --help`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.part import GROWTH_BYTES, State
from tests.fuzz.tally import Tally

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDED_PYTHON = REPOSITORY / ".venv-fuzz" / "bin" / "python"
GUIDED_SHARE, HTTP_SHARE = 0.15, 0.01
"""Shares of the bodies that atheris makes, and that travel over sockets."""

STRUCTURED_PARTS = 8
REPORT_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the run and the process that does it."""

    name: str
    module: str
    python: Path
    seed: int
    count: int
    folder: Path

    @property
    def state(self) -> State:
        """How far it has come."""
        return State.load(self.folder / f"{self.name}.json")

    def run(self) -> int:
        """Do what is left of it; the exit code of its process."""
        if self.state.done >= self.count:
            return 0
        place = ["--seed", str(self.seed), "--count", str(self.count), "--state", str(self.state.path)]
        with (self.folder / f"{self.name}.log").open("wb") as log:
            command = [str(self.python), "-m", self.module, *place]
            return subprocess.run(command, cwd=REPOSITORY, stdout=log, stderr=log, check=False).returncode

    def troubles(self, code: int) -> list[str]:
        """Why it does not hold, in words; empty where it does."""
        found = []
        if code != 0:
            end = (self.folder / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")[-3_000:]
            found.append(f"{self.name} ended with {code} after {self.state.done:,} bodies:\n{end}")
        if (grown := self.state.grown_bytes()) > GROWTH_BYTES:
            found.append(f"{self.name} grew by {grown / 2**20:.0f} MiB after its warm-up")
        return found


def parts(seed: int, bodies: int, folder: Path) -> list[Part]:
    """What a run consists of."""
    guided = int(bodies * GUIDED_SHARE) if GUIDED_PYTHON.exists() else 0
    over_http = int(bodies * HTTP_SHARE)
    here = Path(sys.executable)
    found = [
        Part(name="http", module="tests.fuzz.over_http", python=here, seed=seed + 1, count=over_http, folder=folder)
    ]
    if guided:
        module = "tests.fuzz.guided"
        found.append(Part(name="guided", module=module, python=GUIDED_PYTHON, seed=seed, count=guided, folder=folder))
    else:
        sys.stdout.write("There is no .venv-fuzz here: no part is guided by coverage, the structured ones do more.\n")
    share, rest = divmod(bodies - guided - over_http, STRUCTURED_PARTS)
    for place in range(STRUCTURED_PARTS):
        count = share + (rest if place == 0 else 0)
        name, module = f"structured-{place}", "tests.fuzz.structured"
        found.append(Part(name=name, module=module, python=here, seed=seed + 10 + place, count=count, folder=folder))
    return found


def tell_progress(todo: Sequence[Part], bodies: int, ended: threading.Event) -> None:
    """Print now and then how far all parts have come, until they have ended."""
    while not ended.wait(REPORT_S):
        done = sum(each.state.done for each in todo)
        sys.stdout.write(f"{done:>10,} of {bodies:,} bodies\n")
        sys.stdout.flush()


def main() -> int:
    """Run all parts, tell what was reached; 0 when everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other bodies")
    parser.add_argument("--bodies", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    given = parser.parse_args()
    folder = REPOSITORY / ".local" / "fuzz" / f"{given.seed}-{given.bodies}"
    folder.mkdir(parents=True, exist_ok=True)
    todo = parts(given.seed, given.bodies, folder)
    sys.stdout.write(
        f"What was done is kept in {folder.relative_to(REPOSITORY)}: broken off, it goes on from there.\n"
    )
    ended = threading.Event()
    teller = threading.Thread(target=tell_progress, args=(todo, given.bodies, ended), daemon=True)
    teller.start()
    with ThreadPoolExecutor(given.jobs) as pool:
        codes = list(pool.map(Part.run, todo))
    ended.set()
    teller.join()
    whole = Tally()
    for each in todo:
        whole.add(each.state.tally)
        grown = each.state.grown_bytes() / 2**20
        sys.stdout.write(f"{each.name:<14}{each.state.done:>10,} bodies, grew by {grown:.1f} MiB after its warm-up\n")
    sys.stdout.write("\n".join(whole.lines()) + "\n")
    troubles = [trouble for each, code in zip(todo, codes, strict=True) for trouble in each.troubles(code)]
    troubles += whole.missing()
    sys.stdout.write("\n".join(f"FAILED: {trouble}" for trouble in troubles) + "\n" if troubles else "All held.\n")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
