"""`evergreen status`: how the models are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.api import Api
from cli.names import checked
from cli.options import DEFAULT_URL, Key, Url, connect

RUNS = 5
"""How many runs of one model are shown."""

Line = tuple[str, str]


def status(
    model: Annotated[str | None, typer.Argument(help="Name of a model; all of them otherwise.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Show champion, challenger, runs and what the monitor sees."""
    console = Console(highlight=False)
    with connect(url, key) as api:
        if model is not None:
            api.spec(checked(model))  # a model nobody knows is refused with the server's own words
        names = [model] if model is not None else api.models()
        if not names:
            typer.echo(f"There is no model at {api.url} yet. Make one with `evergreen train FILE --target COLUMN`.")
        for name in names:
            console.print(Text(name, "bold"), soft_wrap=True)
            for label, value in _lines(api, name, whole=model is not None):
                style = "red" if label == "alarm" and value != "none" else ""
                console.print(Text(f"  {label:<12} ", "dim"), Text(value, style), sep="", soft_wrap=True)


def _lines(api: Api, model: str, *, whole: bool) -> Iterator[Line]:
    pointer = api.champion(model)
    if pointer is None:
        yield "champion", "none yet"
    else:
        yield "champion", f"{pointer['champion']} since {_moment(pointer['since'])}"
        yield "challenger", pointer["challenger"] or "none"
    runs = api.runs(model)
    for index, run in enumerate(runs[: RUNS if whole else 1]):
        yield ("last run" if index == 0 else "before it"), _run(run)
    if not runs:
        yield "last run", "none"
    monitor = api.monitor(model)
    if monitor is None:
        yield "labels", "the monitor has not looked at this model yet"
        return
    yield "labels", f"{monitor['labelled']:,} of {monitor['predictions']:,} predictions"
    yield "alarm", monitor["alarm"]["text"] if monitor["alarm"] else "none"
    if whole:
        for name in ("comparison", "request", "counts"):
            yield from _numbers(monitor.get(name), name)
        yield from _numbers(monitor.get("report"), "")


def _run(run: Mapping[str, Any]) -> str:
    state = f"{run['stage']}, {run['percent']:.0f} %" if run["status"] == "running" else run["status"]
    return f"{run['id']} {state}: {run['message']}"


def _numbers(value: Any, path: str) -> Iterator[Line]:
    """What the monitor tells, an object a line, named by its path; what is empty is left out."""
    if isinstance(value, Mapping):
        nested = {name: inner for name, inner in value.items() if isinstance(inner, Mapping | list)}
        plain = [
            f"{name} {_plain(inner)}" for name, inner in value.items() if name not in nested and inner is not None
        ]
        if plain:
            yield path or "report", ", ".join(plain)
        for name, inner in nested.items():
            yield from _numbers(inner, f"{path} {name}".lstrip())
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, path)
    elif value is not None:
        yield path, _plain(value)


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _moment(text: str) -> str:
    """An ISO 8601 moment to the minute."""
    return f"{text[:10]} {text[11:16]} UTC"
