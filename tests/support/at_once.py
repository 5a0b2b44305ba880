"""Several doing something at once, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any


def at_once(*acts: Callable[[], Any]) -> None:
    """Begin all together and return when the last has ended. What one of them raises is raised here."""
    together = Barrier(len(acts))

    def begin(act: Callable[[], Any]) -> None:
        together.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as threads:
        done = [threads.submit(begin, act) for act in acts]
    for each in done:
        each.result()
