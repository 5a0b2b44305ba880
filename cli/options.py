"""The options that every command takes."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.api import Api
from cli.transport import Transport

DEFAULT_URL = "http://127.0.0.1:7071"

Url = Annotated[str, typer.Option("--url", envvar="EVERGREEN_URL", help="Where the server answers.")]
Key = Annotated[
    str | None, typer.Option("--key", envvar="EVERGREEN_KEY", help="Function key of the server.", show_default=False)
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one document, and nothing else to standard output.")]


def connect(url: str, key: str | None) -> Api:
    """The server that the options name."""
    return Api(Transport(url, key))
