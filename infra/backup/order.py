"""In which order containers are read and written, so that a backup of a running system is a state it was in.

What names something is written after it: a pointer after its version, a run after its upload, the monitor's offsets
after the log they point into. So reading `control` first and everything else later finds all that `control` names;
writing it back goes the other way, the champion pointers last of all. What leaves the log was a day in the lake by
then, and is no longer looked for in the log.
"""

from __future__ import annotations

from automl.storage import CONTROL, LAKE, LOG, MODELS, RAW

SAVED = (CONTROL, RAW, MODELS, LOG, LAKE)
RESTORED = (LAKE, LOG, MODELS, RAW, CONTROL)
POINTER = "/champion.json"


def restore_rank(container: str, name: str) -> tuple[int, bool, str]:
    """Sort key of a blob when it is brought back."""
    return RESTORED.index(container), container == CONTROL and name.endswith(POINTER), name
