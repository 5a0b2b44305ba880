"""`evergreen train`: from a table to a model that answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from cli.api import Api
from cli.errors import Refused, Stopped
from cli.example import curl
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show
from cli.spec_file import compose
from cli.upload import upload
from cli.watch import watch


def train(
    file: Annotated[Path, typer.Argument(help="Table to learn from, CSV or Parquet.", exists=True, dir_okay=False)],
    *,
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; otherwise made from the file's.")] = None,
    spec: Annotated[
        Path | None, typer.Option(help="Spec in TOML: docs/spec.md.", exists=True, dir_okay=False)
    ] = None,
    time_budget: Annotated[float | None, typer.Option(help="Seconds the search may take.")] = None,
    drop: Annotated[str | None, typer.Option(help="Columns that are not features, with commas between.")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for the run to end.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Upload a table, train a model on it, and show how to score.

    The spec of the model is replaced by what the options and --spec say; an option stands above the file.
    """
    wanted = compose(file, file=spec, target=target, name=name, time_budget=time_budget, drop=drop)
    model = wanted["name"]
    news = Console(stderr=True, highlight=False)
    with connect(url, key) as api:
        try:
            run = _start(api, model, wanted, file, news)
        except KeyboardInterrupt:
            text = f"Stopped. Nothing is trained: {file.name} was not sent whole."
            raise Stopped(f"{text} The same command goes on where it was.") from None
        if no_wait:
            if as_json:
                show({"run": run})
            else:
                typer.echo(f"Run {run['id']} is {run['status']}: `evergreen runs {model} --follow` tells of it.")
            return
        try:
            run = watch(api, model, run, news)
        except KeyboardInterrupt:
            text = f"Stopped waiting. Run {run['id']} goes on without this command"
            raise Stopped(f"{text}: `evergreen runs {model} --follow` tells of it.") from None
        if run["status"] != "registered":
            raise Refused(f"Run {run['id']} ended {run['status']}: {run['message']}")
        if as_json:
            show(
                {
                    "run": run,
                    "metrics": api.version(model, run["version"])["metrics"],
                    "champion": api.champion(model),
                }
            )
        else:
            _report(api, model, run, file, keyed=key is not None)


def _start(api: Api, model: str, spec: dict[str, Any], file: Path, news: Console) -> dict[str, Any]:
    api.put_spec(model, spec)
    columns = (
        TextColumn("Uploading {task.description}", markup=False),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=news, transient=True, disable=not news.is_terminal) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size)
        name = upload(api, model, file, lambda sent, size: progress.update(task, completed=sent, total=size))
    news.print(f"Uploaded {file.name} ({file.stat().st_size:,} bytes).", soft_wrap=True, markup=False)
    return api.train(model, name, idempotency_key=uuid.uuid4().hex)


def _report_oddities(data: Mapping[str, Any]) -> None:
    """What the server read in another way than it stood there, or not at all."""
    for remark in data.get("remarks", []):
        typer.echo(f"The table was read {remark}." if remark.startswith(("in ", "with ", "packed")) else f"{remark}.")
    if data.get("rows_aside"):
        typer.echo(f"{data['rows_aside']:,} rows could not be read and were put aside, in raw/{data['aside']}.")


def _report(api: Api, model: str, run: dict[str, Any], file: Path, *, keyed: bool) -> None:
    """The outcome in words, the holdout's metric and a line to score with."""
    version = api.version(model, run["version"])
    metrics = version["metrics"]
    metric = metrics["metric"]
    typer.echo(run["message"])
    _report_oddities(version["manifest"]["data"])
    typer.echo(f"Holdout {metric}: {metrics['holdout'][metric]:.4f} ({metrics['n_holdout']:,} rows)")
    pointer = api.champion(model)
    if pointer is not None and pointer["champion"] != run["version"]:
        typer.echo("The monitor will judge this challenger; until then the champion answers.")
        version = api.version(model, pointer["champion"])
    typer.echo("Score the first row of this table:")
    typer.echo(curl(api.url, model, file, version["signature"], keyed=keyed))
