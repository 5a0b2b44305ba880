"""Waiting for a condition that nobody announces, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
DEADLINE_S = 40.0


def until(condition: Callable[[], T], what: str) -> T:
    """Ask again and again until the answer is true, and return it; fails after `DEADLINE_S`."""
    deadline = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE_S:.0f} s in vain for {what}; the last answer was {answer!r}")
        pause.wait(0.05)
    return answer
