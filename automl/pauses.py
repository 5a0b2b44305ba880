"""How long the SDK waits before it asks storage once more."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from azure.storage.blob import ExponentialRetry

RETRIES = 4
"""How often a call is made again: after 30, 150, 750 and 3,750 ms, 5 s in all."""

_FIRST_S, _LONGER, _SPREAD = 0.03, 5, 0.5


class ShortFirst(ExponentialRetry):
    """Waits a moment before the first repetition, and five times as long before each further one.

    Most of what fails, fails once: a call that met a busy server or a lost connection. The SDK's own policy waits at
    least a second before it tries again, and a group of scores would wait with it. Where storage is down for longer,
    the last pauses give it time. Each pause is spread by half of it, so that instances which failed together do not
    come back together.

    Parameters
    ----------
    uniform
        Gives a random number between two.
    """

    def __init__(self, retries: int, *, uniform: Callable[[float, float], float] = random.uniform) -> None:
        super().__init__(retry_total=retries, retry_connect=retries, retry_read=retries, retry_status=retries)
        self._uniform = uniform

    def get_backoff_time(self, settings: Mapping[str, Any]) -> float:
        """Seconds before repetition number `settings["count"]`, counted from 1."""
        pause = _FIRST_S * _LONGER ** (settings["count"] - 1)
        return self._uniform((1 - _SPREAD) * pause, (1 + _SPREAD) * pause)
