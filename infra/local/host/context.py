"""What a handler that asks for `context` is told about its invocation."""

from __future__ import annotations

import re
import secrets
import threading
import uuid
from dataclasses import dataclass, field

import azure.functions as func

_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, section 3.2: version, trace id, parent id, flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The W3C trace an invocation belongs to, under the names azure.functions gives it."""

    trace_parent: str
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The retry state of an invocation: functions with a retry policy are refused, so it never moves."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


@func.Context.register
@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationContext:
    """Stands where Azure's worker puts its own context; passes for `func.Context`."""

    function_name: str
    function_directory: str
    invocation_id: str
    trace_context: Trace
    retry_context: Retry = field(default_factory=Retry)
    thread_local_storage: threading.local = field(default_factory=threading.local)


def trace(parent: str | None, state: str | None) -> Trace:
    """The caller's trace when its `traceparent` is well formed, else a new one.

    >>> trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None).trace_parent[3:35]
    '4bf92f3577b34da6a3ce929d0e0e4736'
    """
    if parent and _TRACE_PARENT.fullmatch(parent):
        return Trace(trace_parent=parent, trace_state=state or "")
    return Trace(trace_parent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")


def new_invocation_id() -> str:
    """A fresh id under which an invocation can be found in the log."""
    return str(uuid.uuid4())
