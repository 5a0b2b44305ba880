"""One function of an app, as this host sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.host.ncrontab import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTrigger:
    """Called by a request; `methods` is empty when every method will do."""

    route: str
    methods: frozenset[str]
    auth_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerTrigger:
    """Called when the clock says so; `remembers` is whether its last run is kept in storage."""

    schedule: Schedule
    run_on_startup: bool
    remembers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTrigger:
    """Called for every message of a queue."""

    queue: str
    connection: str


Trigger = HttpTrigger | TimerTrigger | QueueTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """An indexed function.

    Parameters
    ----------
    name
        The function's name in the app.
    handler
        What the app registered.
    is_async
        Whether the handler runs on the event loop (else in the pool of threads).
    parameter
        Name of the parameter that takes the trigger's value.
    wants_context
        Whether the handler takes `context` as well.
    """

    name: str
    handler: Callable[..., Any]
    is_async: bool
    parameter: str
    wants_context: bool
    trigger: Trigger
