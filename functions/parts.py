"""The parts of this process as the functions reach them. The first request of a cold start makes them."""

from __future__ import annotations

import asyncio
import threading

from automl import bootstrap
from automl.bootstrap import Core, Serving

_making = threading.Lock()


async def serving() -> Serving:
    """The parts that answer HTTP, made in a thread: they read storage, and the event loop must not wait for it."""
    if bootstrap.serving.cache_info().currsize:
        return bootstrap.serving()
    return await asyncio.to_thread(serving_now)


def serving_now() -> Serving:
    """The parts that answer HTTP, for a handler that runs in a thread anyway."""
    with _making:
        return bootstrap.serving()


def core() -> Core:
    """The parts that every role has."""
    with _making:
        return bootstrap.process()
