"""`python -m infra.local up|down|status`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from infra.local.azurite import REPOSITORY
from infra.local.down import down, status
from infra.local.errors import LocalError
from infra.local.lock import exclusive
from infra.local.progress import Progress
from infra.local.settings import LocalSettings
from infra.local.up import Up

INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="Evergreen on this machine.")
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--app", type=Path, default=REPOSITORY, help="folder of the function app (default: this one)")
    options = parser.parse_args()
    progress = Progress()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill takes back what was started, too
    try:
        settings = LocalSettings.from_env(os.environ, REPOSITORY)
        if options.command == "status":
            return 0 if status(settings, options.app, progress) else 1
        with exclusive(settings.local_dir / "run"):
            if options.command == "up":
                Up(settings, options.app, progress).run()
            else:
                down(settings, options.app, progress)
    except LocalError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. What this run had started is stopped again.\n")
        return INTERRUPTED
    return 0


sys.exit(main())
