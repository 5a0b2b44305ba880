"""Fires a timer function: on one host at a time, and once for ticks that were missed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from azure.core.exceptions import AzureError
from azure.functions.timer import TimerRequest

from infra.local.host.functions import Function, TimerTrigger
from infra.local.host.invoking import Invoker
from infra.local.host.leases import BlobLease
from infra.local.host.timer_status import Status, StatusBlob
from infra.local.host.waiting import happens

Clock = Callable[[], datetime]
_LOOK_AT_LEAST_EVERY_S = 10.0
"""A laptop that slept wakes with a wrong idea of how long is left, so the clock is read again now and then."""

log = logging.getLogger(__name__)


class TimerListener:
    """Calls one timer function on its schedule.

    Parameters
    ----------
    lease
        Held while this host owns the timer. When its holder dies, another host takes over once it has run out.
    status
        Where the last run is kept; None when the function said it need not be (`use_monitor=False`).
    clock
        Tells the time (aware, UTC).
    renew_s
        Seconds between renewals of the lease, and between attempts to get it.
    """

    def __init__(
        self,
        *,
        function: Function,
        trigger: TimerTrigger,
        invoker: Invoker,
        lease: BlobLease,
        status: StatusBlob | None,
        clock: Clock,
        renew_s: float,
    ) -> None:
        self._function = function
        self._schedule = trigger.schedule
        self._run_on_startup = trigger.run_on_startup
        self._invoker = invoker
        self._lease = lease
        self._status = status
        self._clock = clock
        self._renew_s = renew_s

    async def run(self, stop: asyncio.Event) -> None:
        """Fire until told to stop; a tick that is running then is waited for."""
        try:
            while not stop.is_set():
                try:
                    if await asyncio.to_thread(self._lease.hold):
                        await self._own(stop)
                    else:
                        await happens(stop, self._renew_s)
                except AzureError as error:
                    log.warning("Timer %s cannot reach storage and tries again: %s", self._function.name, error)
                    await happens(stop, self._renew_s)
        finally:
            await asyncio.to_thread(self._lease.release)

    async def _own(self, stop: asyncio.Event) -> None:
        """Fire for as long as the lease is ours."""
        over = asyncio.Event()
        ticks = asyncio.create_task(self._ticks(over))
        try:
            while not ticks.done():
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait({stopping, ticks}, timeout=self._renew_s, return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
                if stop.is_set() or not await asyncio.to_thread(self._lease.hold):
                    break
        finally:
            over.set()
            await ticks

    async def _ticks(self, over: asyncio.Event) -> None:
        status = await self._read()
        missed = status is not None and self._schedule.after(status.base) <= self._clock()
        last = status.last if status else None
        if missed or self._run_on_startup:
            self._run_on_startup = False
            last = await self._fire(Status(last=last, next=self._clock(), updated=self._clock()), past_due=missed)
        while True:
            now = self._clock()
            status = Status(last=last, next=self._schedule.after(now), updated=now)
            await self._write(status)
            while (left := (status.next - self._clock()).total_seconds()) > 0:
                if await happens(over, min(left, _LOOK_AT_LEAST_EVERY_S)):
                    return
            if over.is_set():
                return
            last = await self._fire(status, past_due=False)

    async def _fire(self, status: Status, *, past_due: bool) -> datetime:
        """Call the function; a failure is logged and the schedule goes on, as in Azure."""
        at, started = self._clock(), time.monotonic()
        request = TimerRequest(past_due=past_due, schedule_status=status.to_json(), schedule={"AdjustForDST": True})
        try:
            await self._invoker.call(self._function, request)
        except Exception:  # the border of the app
            log.exception("Timer %s failed", self._function.name)
        else:
            log.info("Timer %s ran for %.0f ms", self._function.name, (time.monotonic() - started) * 1000)
        return at

    async def _read(self) -> Status | None:
        return await asyncio.to_thread(self._status.read) if self._status else None

    async def _write(self, status: Status) -> None:
        if self._status:
            await asyncio.to_thread(self._status.write, status)
