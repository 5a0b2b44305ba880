"""Sends what was measured once a minute, from a thread that also does the slow import."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from automl.telemetry.meter import Meter, Point
from automl.telemetry.tracing import Span, Tracer

EVERY_S = 60.0
"""How often measurements are sent, in seconds: Azure Monitor keeps metrics by the minute."""

_log = logging.getLogger(__name__)


class Line(Protocol):
    """The way to whoever keeps measurements."""

    def send(self, points: Sequence[Point], spans: Sequence[Span], begun_ns: int, now_ns: int) -> None:
        """Send what was measured between two moments (Unix nanoseconds)."""


class Sender:
    """Takes from a meter and a tracer, and sends.

    Parameters
    ----------
    dial
        Opens the line, in this sender's thread, when something is sent for the first time: the import takes long and
        must not slow the first requests.
    now_ns
        The present moment in Unix nanoseconds.
    """

    def __init__(
        self,
        meter: Meter,
        tracer: Tracer,
        dial: Callable[[], Line],
        *,
        every_s: float = EVERY_S,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._meter = meter
        self._tracer = tracer
        self._dial = dial
        self._every_s = every_s
        self._now_ns = now_ns
        self._wanted = threading.Condition()
        self._asked = 0
        self._sent = 0
        threading.Thread(target=self._run, name="telemetry", daemon=True).start()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Send now, before an instance that has done its work is frozen; whether it was done within the time."""
        with self._wanted:
            self._asked += 1
            mine = self._asked
            self._wanted.notify_all()
            return self._wanted.wait_for(lambda: self._sent >= mine, timeout_s)

    def _run(self) -> None:
        line: Line | None = None
        begun_ns = self._now_ns()
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._asked > self._sent, self._every_s)
                asked = self._asked
            now_ns = self._now_ns()
            try:
                line = line or self._dial()
                line.send(self._meter.take(), self._tracer.take(), begun_ns, now_ns)
            except Exception as error:  # noqa: BLE001  (the next minute may do better; nobody can be told of this one)
                _log.error("Telemetry was not sent.", exc_info=error)
            begun_ns = now_ns
            with self._wanted:
                self._sent = asked
                self._wanted.notify_all()
