"""How long a thread that computes in Python keeps the others waiting."""

from __future__ import annotations

import sys

SWITCH_S = 0.0001
"""After so long, in seconds, a thread that computes in Python hands over its lock; Python's own default is fifty
times as much. Loading a model of 1 MiB computes some 15 ms in Python, and a request needs the lock several times. It
costs nothing where one thread alone computes."""


def take_turns() -> None:
    """Have the threads of this process hand over Python's lock in short turns."""
    sys.setswitchinterval(SWITCH_S)
