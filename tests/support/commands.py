"""The page of commands, made from the commands themselves: `python -m tests.support.commands > docs/commands.md`."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from typer.main import get_command

from cli.errors import EXIT_CODES
from cli.main import COMMANDS, app

HEAD = """# Commands

`evergreen` is a client of the [HTTP API](routes.md). It is in `.venv/bin` once `make up` has run; to have it without
the system, install it from a checkout with `uv tool install .`, `pipx install .` or `pip install .`.

Every command that talks to a server takes `--url` and `--key`, or `EVERGREEN_URL` and `EVERGREEN_KEY` from the
environment. With `--json` standard output holds JSON and nothing else, one document a line; what goes on is told on
standard error either way. `evergreen --install-completion` completes commands and options in your shell.

`score` holds one batch of 5,000 rows at a time. 1,000,000 rows of the census table (102 MB, 14 columns) took 114
seconds on two busy cores, every answer in the log: 8,750 rows a second, at most 70 MiB in the command and 172 MiB in
the server, both the same after the first rows as after the last.

| exit code | meaning |
|---|---|
"""
SHARED = {"--url", "--key", "--help"}


def page() -> str:
    """The whole page."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    group: Any = get_command(app)
    return HEAD + codes + "".join(_section(name, group.commands[name]) for name in COMMANDS)


def _section(name: str, command: Any) -> str:
    about = inspect.getdoc(COMMANDS[name][0]) or ""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join([name, *(_usage(each) for each in arguments)])
    rows = [_row(each) for each in command.params if not SHARED & set(each.opts)]
    table = "| | | |\n|---|---|---|\n" + "".join(rows) if rows else ""
    return f"\n## `evergreen {usage}`\n\n{about}\n" + (f"\n{table}" if table else "")


def _usage(argument: Any) -> str:
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _row(each: Any) -> str:
    is_argument = each.param_type_name == "argument"
    name = f"`{each.name.upper()}`" if is_argument else ", ".join(f"`{opt}`" for opt in each.opts)
    default = f"`{each.default}`" if each.default not in (None, False, "") and not callable(each.default) else ""
    return f"| {name} | {each.help or ''} | {default} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
