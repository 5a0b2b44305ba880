"""`evergreen quarantine`: truth that is held back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.errors import Misuse
from cli.names import Model, checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import tell


def quarantine(
    model: Model,
    entry: Annotated[str | None, typer.Argument(help="What is held back; otherwise all of it is listed.")] = None,
    *,
    release: Annotated[bool, typer.Option("--release", help="Let it count from the next pass on.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Never let it count.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept with the event.", show_default=False)] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Show truth that is held back because it looks poisoned, and release or drop it."""
    checked(model)
    if release and drop:
        raise Misuse("Truth is released or dropped, not both. Leave one of --release and --drop out.")
    if (release or drop) and entry is None:
        raise Misuse(f"Which? Name what is held back; evergreen quarantine {model} lists it.")
    with connect(url, key) as api:
        if entry is None:
            found = api.quarantine(model)
            told = [f"{one['id']}  {one['status']:<8}  {one['text']}" for one in found]
            tell(found, told or ["Nothing was ever held back."], as_json=as_json)
        elif release or drop:
            settled = api.settle_quarantine(model, entry, "release" if release else "drop", reason)
            tell(settled, [settled["event"]["text"]], as_json=as_json)
        else:
            one = api.quarantined(model, entry)
            tell(one, _described(one), as_json=as_json)


def _described(one: dict[str, Any]) -> list[str]:
    values = [f"{value['count']:>9,}  {value['truth']}" for value in one["values"]]
    return [f"{one['id']}, {one['status']}, {one['truths']:,} truths", one["text"], *values]
