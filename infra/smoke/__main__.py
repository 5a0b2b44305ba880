"""`python -m infra.smoke --app NAME --resource-group GROUP`: 0 when the app is healthy and its champions score."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from infra.azd.arm import HookError, send
from infra.smoke.score import score_all


def main() -> int:
    """Ask until it answers or three minutes are over; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.smoke")
    parser.add_argument("--app", required=True)
    parser.add_argument("--resource-group", required=True)
    options = parser.parse_args()
    where = ["--name", options.app, "--resource-group", options.resource_group]
    host = _az("functionapp", "show", *where, "--query", "properties.defaultHostName || defaultHostName")
    key = _az("functionapp", "keys", "list", *where, "--query", "functionKeys.default")
    for attempt in range(18):
        try:
            said = score_all(f"https://{host}", key, send)
        except HookError as error:
            sys.stderr.write(f"attempt {attempt + 1}: {error}\n")
            time.sleep(10)
        else:
            sys.stdout.write(said + "\n")
            return 0
    return 1


def _az(*arguments: str) -> str:
    done = subprocess.run(["az", *arguments, "--output", "json"], capture_output=True, text=True, check=True)  # noqa: S603, S607
    return str(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
