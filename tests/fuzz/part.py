"""A part of the long form in a process of its own: what it counts, whether it hangs, and whether it grows."""

from __future__ import annotations

import argparse
import faulthandler
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.fuzz.tally import Tally

HANG_S = 60
"""Longest that the bodies of one step may take, in seconds: a thousand times what they do take."""

WARM_UP, EVERY = 20_000, 10_000
"""Bodies after which memory is measured for the first time, and then again and again."""

SAVED_EVERY = 1_000
"""Bodies after which the file is written."""

GROWTH_BYTES = 32 * 2**20
"""Most that a process may grow after its warm-up. One body that leaves 100 bytes behind would pass it in 350,000."""


@dataclass(slots=True, kw_only=True)
class State:
    """How far a part has come, kept in a file: a part that was broken off goes on from there.

    Parameters
    ----------
    memory_bytes
        Resident memory of each process that worked on it, at every measurement.
    """

    path: Path
    done: int = 0
    tally: Tally = field(default_factory=Tally)
    memory_bytes: list[list[int]] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> State:
        """The state in a file, or a new one."""
        if not path.exists():
            return cls(path=path)
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            path=path, done=data["done"], tally=Tally.from_json(data["tally"]), memory_bytes=data["memory_bytes"]
        )

    def save(self) -> None:
        """Replace the file in one step."""
        data = {"done": self.done, "tally": self.tally.to_json(), "memory_bytes": self.memory_bytes}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(data), encoding="utf-8")
        fresh.replace(self.path)

    def grown_bytes(self) -> int:
        """How much the process that grew most has grown since its warm-up."""
        return max((max(sizes) - sizes[0] for sizes in self.memory_bytes if sizes), default=0)


def steps(state: State, count: int, *, size: int = 1) -> Iterator[range]:
    """The numbers of the bodies still to be tried, some at a time; all of them before the next are asked for.

    Parameters
    ----------
    size
        How many at a time.
    """
    process = psutil.Process()
    state.memory_bytes.append([])
    begun = state.done
    for start in range(state.done, count, size):
        yield range(start, min(count, start + size))
        before, state.done = state.done - begun, min(count, start + size)
        tried = state.done - begun
        if tried >= WARM_UP and tried // EVERY > before // EVERY:
            state.memory_bytes[-1].append(process.memory_info().rss)
        if tried // SAVED_EVERY > before // SAVED_EVERY or state.done == count:
            state.save()


@contextmanager
def watched() -> Iterator[None]:
    """Ends the process, with what every thread was doing, where what is within does not end."""
    signal.alarm(HANG_S)
    yield
    signal.alarm(0)


def arguments() -> Any:
    """Which part this process is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    faulthandler.register(signal.SIGALRM, all_threads=True, chain=True)
    return parser.parse_args()


def failed(name: str, numbers: range, error: BaseException) -> int:
    """Tell what failed and which bodies it was; the exit code."""
    sys.stderr.write(f"{name}, bodies {numbers[0]} to {numbers[-1]}: {type(error).__name__}: {error}\n")
    return 1
