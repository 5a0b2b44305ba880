"""`evergreen reproduce`: whether a version comes out the same again."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer
from rich.console import Console

from cli.errors import Refused, Stopped
from cli.names import Model, checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show
from cli.watch import watch


def reproduce(
    model: Model,
    version: Annotated[str | None, typer.Argument(help="The version; otherwise the champion.")] = None,
    *,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Fit a version once more, as configured then and on the rows it saw, and compare it on its holdout.

    Nothing is searched and nothing is published. Exits with 1 when it came out differently, or cannot be made again.
    """
    checked(model)
    with connect(url, key) as api:
        chosen = version or str(api.pointer(model)["champion"])
        run = api.reproduce(model, chosen, idempotency_key=uuid.uuid4().hex)
        try:
            run = watch(api, model, run, Console(stderr=True, highlight=False))
        except KeyboardInterrupt:
            text = f"Stopped waiting. Run {run['id']} goes on without this command"
            raise Stopped(f"{text}: `evergreen runs {model} --follow` tells of it.") from None
    if as_json:
        show(run)
    if run["status"] != "reproduced":
        raise Refused(f"Run {run['id']} ended {run['status']}: {run['message']}")
    if not as_json:
        typer.echo(run["message"])
