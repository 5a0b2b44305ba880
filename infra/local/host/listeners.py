"""Makes a listener for every function that is not called over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from azure.storage import blob, queue

from infra.local.host.app_settings import connection_string
from infra.local.host.functions import Function, QueueTrigger, TimerTrigger
from infra.local.host.host_json import HostConfig
from infra.local.host.invoking import Invoker
from infra.local.host.leases import BlobLease
from infra.local.host.queue import QueueListener
from infra.local.host.timer import TimerListener
from infra.local.host.timer_status import StatusBlob

HOST_CONTAINER = "azure-webjobs-hosts"
"""Where Azure's host, too, keeps the locks and the status of timers."""
TIMER_LEASE_S = 15
"""The shortest lease Azure allows: how long a timer stands still when its host is killed."""

_RETRY: dict[str, Any] = {"backoff": 1, "retry_total": 2, "random_jitter_range": 0}
"""The SDK's own policy waits 15 s before its first retry, which a host that is told to stop cannot."""
_TIMEOUTS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 30}


class Listener(Protocol):
    """Calls one function whenever its trigger says so."""

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop."""


def make_listeners(
    functions: list[Function],
    *,
    config: HostConfig,
    invoker: Invoker,
    folder: Path,
    environ: Mapping[str, str],
    lease_s: int,
) -> list[Listener]:
    """The listeners of an app's timer and queue functions.

    Parameters
    ----------
    lease_s
        How long a queue message stays invisible between renewals.

    Raises
    ------
    Refused
        When there is a timer but no `AzureWebJobsStorage` to keep its lock in.
    """
    listeners: list[Listener] = []
    for function in functions:
        trigger = function.trigger
        if isinstance(trigger, QueueTrigger):
            retry = queue.LinearRetry(**_RETRY)
            service = queue.QueueServiceClient.from_connection_string(
                trigger.connection, retry_policy=retry, **_TIMEOUTS
            )
            listeners.append(
                QueueListener(
                    function=function,
                    trigger=trigger,
                    options=config.queues,
                    invoker=invoker,
                    service=service,
                    lease_s=lease_s,
                    renew_s=lease_s / 3,
                )
            )
        elif isinstance(trigger, TimerTrigger):
            listeners.append(_timer(function, trigger, invoker, host_id(folder, environ), environ))
    return listeners


def host_id(folder: Path, environ: Mapping[str, str]) -> str:
    """What several processes must share to be one host: the setting Azure has for it, else the app's folder."""
    return environ.get("AzureFunctionsWebHost__hostid") or hashlib.sha256(str(folder).encode()).hexdigest()[:32]


def _timer(
    function: Function, trigger: TimerTrigger, invoker: Invoker, host: str, environ: Mapping[str, str]
) -> TimerListener:
    connection = connection_string("AzureWebJobsStorage", environ, f"Function {function.name}")
    retry = blob.LinearRetry(**_RETRY)
    blobs = blob.BlobServiceClient.from_connection_string(connection, retry_policy=retry, **_TIMEOUTS)
    container = blobs.get_container_client(HOST_CONTAINER)
    return TimerListener(
        function=function,
        trigger=trigger,
        invoker=invoker,
        lease=BlobLease(container, f"locks/{host}/{function.name}.Listener", seconds=TIMER_LEASE_S),
        status=StatusBlob(container, f"timers/{host}/{function.name}/status") if trigger.remembers else None,
        clock=lambda: datetime.now(UTC),
        renew_s=TIMER_LEASE_S / 3,
    )
