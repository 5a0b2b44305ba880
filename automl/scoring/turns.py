"""How the loading of a model lets requests go first that come meanwhile.

Loading takes about 100 ms of a processor for a model of 1 MiB, of which some 15 ms are Python's. On two cores that
others use, too, the requests of another model were held up for up to 9 ms: 5 ms at a time for Python's lock, and for
as long as the system lets a thread run before it looks for another one that is ready.
"""

from __future__ import annotations

import os
import sys
import threading

SWITCH_S = 0.0005
"""After so long, in seconds, a thread that computes in Python hands over its lock; Python's own default is ten times
as much. It costs nothing where one thread alone computes."""

NICE = 5
"""How far threads that load step back. They still get a third of a core that is fought for: whoever asked for the
model waits, too, and while one of them has Python's lock everybody does."""


_LAST = 19


def take_turns() -> None:
    """Have the threads of this process hand over Python's lock in short turns."""
    sys.setswitchinterval(SWITCH_S)


def step_back() -> None:
    """Have the system prefer other threads to the one that calls this, where it knows threads apart."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(_LAST, os.getpriority(os.PRIO_PROCESS, thread) + NICE))
