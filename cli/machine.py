"""`evergreen up`, `down` and `logs`: the system on this machine, as `make up` runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import Misuse, Refused
from cli.options import DEFAULT_URL, Json
from cli.output import show

PARTS = ("serve", "train", "azurite")
FOLLOW_S = 0.3


def up(as_json: Json = False) -> None:
    """Start storage, the HTTP API and training on this machine, with a first model: `make up`."""
    _make("up", as_json=as_json)


def down(as_json: Json = False) -> None:
    """Stop what `up` started; the data stays: `make down`."""
    _make("down", as_json=as_json)


def logs(
    part: Annotated[str | None, typer.Argument(help="serve, train or azurite; otherwise all.")] = None,
    lines: Annotated[int, typer.Option("-n", "--lines", help="Last lines of each log.", min=0)] = 20,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as the logs grow, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show the logs of the system on this machine."""
    if part is not None and part not in PARTS:
        raise Misuse(f"Expected one of {', '.join(PARTS)}, got '{part}'.")
    folder = repository() / os.environ.get("EVERGREEN_LOCAL_DIR", ".local") / "logs"
    files = [folder / f"{name}.log" for name in ([part] if part else PARTS)]
    there = [file for file in files if file.exists()]
    if not there:
        raise Misuse(f"There is no log in {folder}. Has the system run on this machine? `evergreen up` starts it.")
    ends = {file: _tail(file, lines, as_json=as_json) for file in there}
    while follow:
        time.sleep(FOLLOW_S)
        ends = {file: _news(file, end, as_json=as_json) for file, end in ends.items()}


def repository() -> Path:
    """The checkout that holds the system: around the working directory, or where this command comes from.

    Raises
    ------
    Misuse
        When there is none: only a client is installed here.
    """
    candidates = [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[1]]
    found = next(
        (each for each in candidates if all((each / name).exists() for name in ("Makefile", "host.json"))), None
    )
    if found is None:
        raise Misuse("This machine has the command alone. Run it inside a checkout of Evergreen to start the system.")
    return found


def _make(target: str, *, as_json: bool) -> None:
    folder = repository()
    if shutil.which("make") is None:
        raise Misuse(f"make is not installed. Install it, or run `.venv/bin/python -m infra.local {target}`.")
    output = subprocess.PIPE if as_json else None
    done = subprocess.run(["make", "-s", target], cwd=folder, stdout=output, text=True, check=False)  # noqa: S603, S607
    if as_json:
        url = f"http://127.0.0.1:{os.environ.get('EVERGREEN_PORT', DEFAULT_URL.rpartition(':')[2])}"
        show({"command": target, "ok": done.returncode == 0, "url": url, "said": done.stdout.splitlines()})
    if done.returncode != 0:
        raise typer.Exit(Refused.exit_code)


def _tail(file: Path, lines: int, *, as_json: bool) -> int:
    with file.open("rb") as open_file:
        last = deque(open_file, maxlen=lines)
        end = open_file.tell()
    _print(file, b"".join(last), as_json=as_json)
    return end


def _news(file: Path, end: int, *, as_json: bool) -> int:
    size = file.stat().st_size if file.exists() else 0
    if size < end:
        end = 0  # a new file under the old name
    if size > end:
        with file.open("rb") as open_file:
            open_file.seek(end)
            data = open_file.read(size - end)
        whole = data[: data.rfind(b"\n") + 1]
        _print(file, whole, as_json=as_json)
        end += len(whole)
    return end


def _print(file: Path, data: bytes, *, as_json: bool) -> None:
    for line in data.decode(errors="replace").splitlines():
        if as_json:
            show({"part": file.stem, "line": line})
        else:
            typer.echo(f"{file.stem:<8} {line}")
