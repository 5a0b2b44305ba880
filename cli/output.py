"""What commands print: JSON, one document a line, for scripts; or lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import typer


def show(value: Any) -> None:
    """Print a value as one line of JSON; `jq` makes it pretty."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def tell(answer: Any, lines: Iterable[str], *, as_json: bool) -> None:
    """Print an answer as JSON, or what it means in lines."""
    if as_json:
        show(answer)
    else:
        for line in lines:
            typer.echo(line)
