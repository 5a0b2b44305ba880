"""Processes that outlive the command which started them, known again by pid *and* start time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_CLOCK_SLACK_S = 2.0
"""The start time is counted from the boot time, which moves a little when the clock is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is written down of a started process.

    Parameters
    ----------
    created
        Its start, in seconds since 1970: a pid alone may belong to somebody else by now.
    fingerprint
        Of its command and settings, so that a change of settings is noticed.
    """

    pid: int
    created: float
    fingerprint: str

    def process(self) -> psutil.Process | None:
        """The process, None when it has ended, or when its pid is another's."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _CLOCK_SLACK_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def family(self) -> list[psutil.Process]:
        """Every live process of the session it began: itself, its children, and orphans it left behind.

        The kernel gives a session's number to nobody else while one of its members lives.
        """
        if self.process() is None and _lives(self.pid):
            return []  # somebody else has the pid, so no process of ours is left
        return [
            process for process in psutil.process_iter() if _session(process.pid) == self.pid and _lives(process.pid)
        ]


def fingerprint(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """A short hash of how a process is started."""
    text = json.dumps([list(command), sorted(environ.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def spawn(command: Sequence[str], environ: Mapping[str, str], *, cwd: Path, log: Path, record: Path) -> Record:
    """Start a process in a session of its own (so that Ctrl-C does not reach it) and write its record.

    Parameters
    ----------
    environ
        Added to this process's environment.
    log
        Takes its output, after what is there already.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the commands of `services.py`
            command,
            cwd=cwd,
            env=os.environ | dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process.returncode = 0  # it is meant to outlive this object, which would warn otherwise
    created = psutil.Process(process.pid).create_time()
    made = Record(pid=process.pid, created=created, fingerprint=fingerprint(command, environ))
    record.write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


def read_record(path: Path) -> Record | None:
    """The record of a process, None when there is none that can be read (a crash may leave half of one)."""
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def stop(record: Record, *, grace_s: float) -> None:
    """End a process and all it started: asked first, killed after `grace_s` seconds."""
    leader = record.process()
    if leader is not None:
        leader.terminate()
        _wait(lambda: record.process() is None, grace_s)
    for process in record.family():
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    _wait(lambda: not record.family(), grace_s)


def _wait(is_over: Callable[[], bool], within_s: float) -> None:
    """Wait for processes that are not our children. What is dead but not reaped by its parent counts as ended."""
    deadline = time.monotonic() + within_s
    while not is_over() and time.monotonic() < deadline:
        time.sleep(0.05)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return -1


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
