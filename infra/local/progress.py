"""Lines that tell what happens while it happens."""

from __future__ import annotations

import sys
import time


class Progress:
    """Prints lines with the seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, line: str) -> None:
        """Tell one thing that happened."""
        sys.stdout.write(f"[{time.monotonic() - self._start:5.1f} s] {line}\n")
        sys.stdout.flush()

    def plain(self, text: str) -> None:
        """Print something that stands for itself."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
