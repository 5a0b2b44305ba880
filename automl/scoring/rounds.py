"""A background thread that goes its rounds, and comes at once where it is called."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)


class Rounds:
    """Visits names every so often, and a single name as soon as it is called for. One daemon thread.

    Parameters
    ----------
    every_s
        Seconds from the end of one round to the next.
    names
        Whom the round that begins now visits.
    visit
        Called with one name after the other. What it raises is logged, and the round goes on.
    """

    def __init__(self, every_s: float, names: Callable[[], Iterable[str]], visit: Callable[[str], None]) -> None:
        self._every_s = every_s
        self._names = names
        self._visit = visit
        self._calls: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, name: str) -> None:
        """Start the thread under this name, unless it runs already."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def call(self, name: str) -> None:
        """Have one name visited now. Never blocks."""
        self._calls.put(name)

    def close(self) -> None:
        """End the thread after the visit it is at."""
        self._calls.put(None)

    def _run(self) -> None:
        due = time.monotonic() + self._every_s
        while True:
            try:
                called = self._calls.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                for name in self._names():
                    self._visited(name)
                due = time.monotonic() + self._every_s
            else:
                if called is None:
                    return
                self._visited(called)

    def _visited(self, name: str) -> None:
        try:
            self._visit(name)
        except Exception:  # whatever it is, the other names and the next round must go on
            logger.exception("The visit to %s failed.", name)
