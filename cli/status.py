"""`evergreen status`: how the models are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.api import Api
from cli.names import checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show

SHOWN = 6
"""How many values of a list are shown."""

RUNS = 5
"""How many runs of one model are shown."""

WATCH_S = 2.0
"""Pause between two looks of `--watch`, in seconds."""

LONG = ("metrics", "reliability")
"""What only `evergreen monitor` shows: a line a metric, slice and window."""

Line = tuple[str, str]


def status(
    model: Annotated[str | None, typer.Argument(help="Name of a model; all of them otherwise.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every few seconds, until Ctrl-C.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Show champion, challenger, runs and what the monitor sees."""
    console = Console(highlight=False)
    with connect(url, key) as api:
        if model is not None:
            api.spec(checked(model))  # a model nobody knows is refused with the server's own words
        while True:
            found = [_found(api, name) for name in ([model] if model is not None else api.models())]
            if watch and not as_json:
                console.clear()  # does nothing where no terminal shows it
            if as_json:
                show(found[0] if model is not None else found)
            else:
                _print(console, found, api.url, whole=model is not None)
            if not watch:
                return
            time.sleep(WATCH_S)


def _found(api: Api, model: str) -> dict[str, Any]:
    """All that the server knows of how a model is."""
    return {
        "model": model,
        "champion": api.champion(model),
        "runs": api.runs(model)[:RUNS],
        "monitor": api.monitor(model),
    }


def _print(console: Console, found: list[dict[str, Any]], url: str, *, whole: bool) -> None:
    if not found:
        typer.echo(f"There is no model at {url} yet. Make one with `evergreen train FILE --target COLUMN`.")
    for state in found:
        console.print(Text(state["model"], "bold"), soft_wrap=True)
        for label, value in _lines(state, whole=whole):
            style = "red" if label == "alarm" and value != "none" else ""
            console.print(Text(f"  {label:<12} ", "dim"), Text(value, style), sep="", soft_wrap=True)


def _lines(state: Mapping[str, Any], *, whole: bool) -> Iterator[Line]:
    pointer, runs, monitor = state["champion"], state["runs"], state["monitor"]
    if pointer is None:
        yield "champion", "none yet"
    else:
        yield "champion", f"{pointer['champion']} since {_moment(pointer['since'])}"
        yield "challenger", pointer["challenger"] or "none"
    for index, run in enumerate(runs if whole else runs[:1]):
        yield ("last run" if index == 0 else "before it"), _run(run)
    if not runs:
        yield "last run", "none"
    if monitor is None:
        yield "labels", "the monitor has not looked at this model yet"
        return
    yield "labels", f"{monitor['labelled']:,} of {monitor['predictions']:,} predictions"
    yield "alarm", monitor["alarm"]["text"] if monitor["alarm"] else "none"
    early = (monitor.get("watch") or {}).get("early")
    if early and not monitor["alarm"]:
        yield "early", early["text"]
    report = {name: told for name, told in (monitor.get("report") or {}).items() if name not in LONG}
    drift = report.pop("drift", None) or {"on": False, "text": "none", "oddities": []}
    yield "drift", drift["text"] if drift["on"] or whole else "none"
    for oddity in drift.get("oddities", []):
        yield "odd", oddity["text"]
    estimated = report.pop("estimate", None)
    if estimated and (whole or estimated["state"] == "ok"):
        yield "estimate", estimated["text"]
    asked = report.pop("retraining", None)
    if whole:
        if asked:
            yield "retraining", asked
        for name in ("comparison", "shadow", "request", "counts"):
            yield from numbers(monitor.get(name), name)
        yield from numbers(report, "")


def _run(run: Mapping[str, Any]) -> str:
    state = f"{run['stage']}, {run['percent']:.0f} %" if run["status"] == "running" else run["status"]
    return f"{run['id']} {state}: {run['message']}"


def numbers(value: Any, path: str) -> Iterator[Line]:
    """What the monitor tells, an object a line, named by its path; what is empty is left out."""
    if isinstance(value, Mapping):
        nested = {name: inner for name, inner in value.items() if isinstance(inner, Mapping | list)}
        plain = [
            f"{name} {_plain(inner)}" for name, inner in value.items() if name not in nested and inner is not None
        ]
        if plain:
            yield path or "report", ", ".join(plain)
        for name, inner in nested.items():
            yield from numbers(inner, f"{path} {name}".lstrip())
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        for inner in value:
            yield from numbers(inner, path)
    elif isinstance(value, list):
        if value:
            more = f" and {len(value) - SHOWN:,} more" if len(value) > SHOWN else ""
            yield path, ", ".join(_plain(inner) for inner in value[:SHOWN]) + more
    elif value is not None:
        yield path, _plain(value)


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _moment(text: str) -> str:
    """An ISO 8601 moment to the minute."""
    return f"{text[:10]} {text[11:16]} UTC"
