"""Prints `commit=<sha>` of the newest deployment of an environment that ended well, for GITHUB_OUTPUT."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def ask(path: str) -> Any:
    """GET of the GitHub API by its own command-line tool, which has this workflow's token."""
    done = subprocess.run(["gh", "api", path], capture_output=True, text=True, check=True)  # noqa: S603, S607
    return json.loads(done.stdout)


def main() -> int:
    """Look at the newest thirty; 0 also when none ended well: then there is nothing to go back to."""
    repository, environment = os.environ["GITHUB_REPOSITORY"], os.environ["ENVIRONMENT"]
    for each in ask(f"repos/{repository}/deployments?environment={environment}&per_page=30"):
        states = ask(f"repos/{repository}/deployments/{each['id']}/statuses")
        if any(status["state"] == "success" for status in states):
            sys.stdout.write(f"commit={each['sha']}\n")
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
