"""JSON on standard output, one document a line, for scripts."""

from __future__ import annotations

import json
import sys
from typing import Any


def show(value: Any) -> None:
    """Print a value as one line of JSON; `jq` makes it pretty."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
