"""A slow command, kept quiet but seen to move; its whole output goes to a log."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from infra.local.errors import LocalError

_EVERY_S = 5.0
"""Where nobody watches a terminal, a line now and then is enough."""
_CLEAR = "\r\033[K"
"""Back to the start of a terminal's line, and the line emptied."""
_REASON = re.compile(r"^\s*(ERROR|npm error)\b:?\s*(.+)")
_IS_NOISE = re.compile(r"A complete log of this run|^code |^errno |^syscall |Log files were not written")


def run_watched(command: Sequence[str], *, what: str, steps: str, count: int, log: Path, cwd: Path) -> None:
    """Run an installer and show how far it is.

    Parameters
    ----------
    what
        What it installs, in a few words.
    steps
        A regular expression with one group, the name of the thing; each line that matches is one of `count` steps.
    log
        Takes all it says, after what is there already.

    Raises
    ------
    LocalError
        When it fails: its own reason, and what to do.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    reasons: list[str] = []
    start, shown_at, done = time.monotonic(), 0.0, 0
    is_terminal = sys.stdout.isatty()
    _show(f"{what} ...", end="" if is_terminal else "\n")
    with (
        log.open("a", encoding="utf-8") as kept,
        subprocess.Popen(  # noqa: S603 - the commands of `install.py`
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in process.stdout or ():
            kept.write(line)
            if (reason := _REASON.match(line)) and not _IS_NOISE.search(reason[2]):
                reasons.append(reason[2].strip())
            if (step := re.match(steps, line)) is None:
                continue
            if done == count:
                continue  # its guess of the steps was low
            done += 1
            if is_terminal:
                _show(f"{_CLEAR}{what}: {done} of {count} ({step[1]})", end="")
            elif time.monotonic() - shown_at > _EVERY_S:
                shown_at = time.monotonic()
                _show(f"{what}: {done} of {count}")
        code = process.wait()
    clear = _CLEAR if is_terminal else ""
    _show(f"{clear}{what}: {'failed' if code else 'done'} after {time.monotonic() - start:.0f} s")
    if code != 0:
        raise LocalError(
            f"{what} could not be installed: {_first(reasons) or f'{Path(command[0]).name} ended with {code}'}\n"
            "If it is the network: check the connection, the proxy (HTTPS_PROXY) or the mirror (PIP_INDEX_URL, "
            "npm_config_registry), then run the same command again; what is there already is kept.\n"
            f"All it said is in {log}."
        )


def _first(reasons: list[str]) -> str:
    """The first reason given is the cause; those after it are consequences."""
    return reasons[0] if reasons else ""


def _show(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()
