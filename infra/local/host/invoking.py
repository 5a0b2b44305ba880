"""Calls handlers: `async` ones on the event loop, the others in a pool of threads."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.local.host.context import InvocationContext, new_invocation_id, trace
from infra.local.host.deadlines import Deadlines
from infra.local.host.errors import Refused
from infra.local.host.functions import Function


class Invoker:
    """Runs one app's handlers.

    Parameters
    ----------
    folder
        The app's folder, told to handlers that ask for `context`.
    timeout_s
        `functionTimeout` of host.json. An `async` handler is cancelled when it runs out. A thread cannot be: it runs
        on while its invocation counts as failed (Azure ends the whole worker process instead).
    threads
        Size of the pool.
    """

    def __init__(self, *, folder: Path, timeout_s: float | None, threads: int) -> None:
        self._folder = str(folder)
        self._deadlines = Deadlines(timeout_s)
        self._working: set[int] = set()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")

    async def call(
        self,
        function: Function,
        value: Any,
        *,
        invocation_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a handler with its trigger's value and return what it returns.

        Raises
        ------
        TimeoutError
            When it ran longer than the function timeout. Whatever the handler raises passes through.
        """
        arguments = {function.parameter: value}
        if function.wants_context:
            arguments["context"] = self._context(function, invocation_id, headers or {})
        begun = self._deadlines.begin()
        try:
            if function.is_async:
                return await function.handler(**arguments)
            call = functools.partial(contextvars.copy_context().run, self._in_thread, function.handler, arguments)
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except asyncio.CancelledError as error:
            if self._deadlines.end(begun):
                raise TimeoutError from error
            raise
        finally:
            self._deadlines.end(begun)

    @property
    def threads_at_work(self) -> int:
        """How many handlers run in threads now."""
        return len(self._working)

    def close(self) -> None:
        """Start no handler any more; those in threads run on."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _in_thread(self, handler: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        thread = threading.get_ident()
        self._working.add(thread)
        try:
            return handler(**arguments)
        finally:
            self._working.discard(thread)

    def _context(
        self, function: Function, invocation_id: str | None, headers: Mapping[str, str]
    ) -> InvocationContext:
        return InvocationContext(
            function_name=function.name,
            function_directory=self._folder,
            invocation_id=invocation_id or new_invocation_id(),
            trace_context=trace(headers.get("traceparent"), headers.get("tracestate")),
        )


def pool_size(environ: Mapping[str, str]) -> int:
    """Threads for plain handlers: `PYTHON_THREADPOOL_THREAD_COUNT`, or Python's own cores + 4, as in Azure's worker.

    Raises
    ------
    Refused
        When the setting is not a number from 1 to 32, the range Azure documents.
    """
    text = environ.get("PYTHON_THREADPOOL_THREAD_COUNT")
    if text is None:
        return min(32, (os.cpu_count() or 1) + 4)
    if not text.isdecimal() or not 1 <= int(text) <= 32:
        raise Refused([f"PYTHON_THREADPOOL_THREAD_COUNT: expected a whole number from 1 to 32, got {text!r}."])
    return int(text)
