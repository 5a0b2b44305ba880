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
"""Longest that one body may take, in seconds: no body takes a thousandth of it, however slow the machine."""

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


def steps(state: State, count: int) -> Iterator[int]:
    """The numbers of the bodies that are still to be tried; each must be tried before the next is asked for."""
    process = psutil.Process()
    state.memory_bytes.append([])
    for tried, number in enumerate(range(state.done, count), start=1):
        yield number
        state.done = number + 1
        if tried >= WARM_UP and tried % EVERY == 0:
            state.memory_bytes[-1].append(process.memory_info().rss)
        if tried % SAVED_EVERY == 0 or state.done == count:
            state.save()


@contextmanager
def watched() -> Iterator[None]:
    """Ends the process, with what every thread was doing, where the body within does not end."""
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


def failed(name: str, number: int, error: BaseException, body: bytes) -> int:
    """Tell what failed and how to see it again; the exit code."""
    sys.stderr.write(f"{name}, body {number}: {type(error).__name__}: {error}\n  body: {body[:2000]!r}\n")
    return 1
