"""`evergreen models`, `versions`, `runs` and `events`: what there is."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.api import Api
from cli.columns import aligned, moment
from cli.errors import Refused, Stopped
from cli.names import Model, checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show
from cli.watch import ENDED, watch

UNTIL_S = 1.0
"""Pause between two looks of `events --until`, in seconds."""

Limit = Annotated[int, typer.Option("-n", "--limit", help="How many of the newest are shown.", min=1)]


def models(as_json: Json = False, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """List the models with their champions."""
    with connect(url, key) as api:
        found = [(name, (api.champion(name) or {}).get("champion")) for name in api.models()]
        if as_json:
            show([{"name": name, "champion": champion} for name, champion in found])
        elif not found:
            typer.echo(f"There is no model at {api.url} yet. Make one with `evergreen train FILE --target COLUMN`.")
        else:
            _lines([(name, champion or "no version yet") for name, champion in found])


def versions(model: Model, limit: Limit = 20, as_json: Json = False, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """List the versions of a model, newest first: role, metric on its holdout, cause."""
    checked(model)
    with connect(url, key) as api:
        names = api.versions(model)
        pointer = api.champion(model) or {}
        roles = {pointer.get(role): role for role in ("previous", "challenger", "champion") if pointer.get(role)}
        found = [_version(api, model, name, roles.get(name)) for name in names[:limit]]
        if as_json:
            show(found)
        elif not found:
            typer.echo(f"Model {model} has no version yet: `evergreen runs {model}` tells why.")
        else:
            _lines([(item["version"], item["role"] or "-", item["metric"], item["estimator"]) for item in found])


def runs(
    model: Model,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Follow the newest run to its end.")] = False,
    limit: Limit = 20,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """List the runs of a model, newest first, or follow one."""
    checked(model)
    with connect(url, key) as api:
        found = api.runs(model)[:limit]
        if follow and found:
            found = [_followed(api, model, found[0])]
        if as_json:
            show(found[0] if follow and found else found)
        elif not found:
            typer.echo(
                f"Nobody has asked for a run of model {model} yet: `evergreen train FILE --name {model}` does."
            )
        else:
            _lines([(run["id"], run["cause"]["kind"], _state(run), run["message"]) for run in found])
    if follow and found and found[0]["status"] not in ("registered", "reproduced"):
        raise typer.Exit(Refused.exit_code)


def events(
    model: Model,
    *,
    until: Annotated[
        str | None,
        typer.Option(help="Wait for an event of this kind, such as alarm or promoted.", show_default=False),
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Tell what happened to a model, oldest first: each promotion, alarm and verdict with its reason.

    With --until what happens is told as it happens, and the command ends with the first event of that kind; one that
    has happened already counts.
    """
    checked(model)
    shown = 0
    with connect(url, key) as api:
        while True:
            found = api.events(model)
            fresh = found[max(shown, len(found) - limit if not shown else 0) :]
            shown = len(found)
            _print_events(fresh, as_json=as_json, alone=until is None)
            if until is None or any(event["kind"] == until for event in found):
                break
            time.sleep(UNTIL_S)
    if not shown and until is None and not as_json:
        typer.echo(f"Nothing has happened to model {model} yet.")


def _print_events(found: list[dict[str, Any]], *, as_json: bool, alone: bool) -> None:
    """As JSON one list when nothing else will follow, else a line an event."""
    if as_json and alone:
        show(found)
    elif as_json:
        for event in found:
            show(event)
    else:
        _lines([(moment(event["at"]), event["kind"], event["text"]) for event in found])


def _version(api: Api, model: str, name: str, role: str | None) -> dict[str, Any]:
    whole = api.version(model, name)
    metrics, manifest = whole["metrics"], whole["manifest"]
    metric = metrics["metric"]
    return {
        "version": name,
        "role": role,
        "metric": f"{metric} {metrics['holdout'][metric]:.4f} on {metrics['n_holdout']:,} rows",
        "estimator": manifest["config"]["estimator"],
        "manifest": manifest,
    }


def _followed(api: Api, model: str, run: dict[str, Any]) -> dict[str, Any]:
    if run["status"] in ENDED:
        return run
    try:
        return watch(api, model, run, Console(stderr=True, highlight=False))
    except KeyboardInterrupt:
        raise Stopped(f"Stopped following. Run {run['id']} goes on without this command.") from None


def _state(run: dict[str, Any]) -> str:
    return f"{run['stage']} {run['percent']:.0f} %" if run["status"] == "running" else str(run["status"])


def _lines(rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    for line in aligned(rows):
        typer.echo(line)
