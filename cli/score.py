"""`evergreen score`: predictions for every row of a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cli.api import Api, Scored
from cli.batch import Batch
from cli.errors import Misuse, Refusal, Refused, Stopped
from cli.names import checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show
from cli.results import ADDED, CsvResults, JsonLinesResults, Results, kind_of, results
from cli.tables import batches

ROWS = 5_000
"""Rows in one request: under the server's default limit; a server that takes fewer is sent halves."""

TOO_LARGE = 413


def score(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    file: Annotated[Path, typer.Argument(help="Table to score, CSV or Parquet.", exists=True, dir_okay=False)],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="File to write: .csv, .jsonl or .parquet. Otherwise CSV to standard output."
        ),
    ] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Score a table: its columns, and beside them prediction, probability and prediction_id.

    The rows go through in batches, so that memory stays flat however many there are. With --json and no -o the rows
    are JSON lines; with -o what is printed is a summary.
    """
    checked(model)
    rows = unlogged = 0
    versions: dict[str, None] = {}
    try:
        with connect(url, key) as api, _output(out, as_json=as_json) as writer:
            for batch in batches(file, ROWS):
                _check_names(batch, file)
                for part, scored in answers(api, model, batch):
                    writer.write(part, scored)
                    rows += len(part)
                    unlogged += 0 if scored.logged else len(part)
                    versions[scored.version] = None
            if not rows:
                raise Misuse(f"{file} has a header only: expected rows below it.")
    except KeyboardInterrupt:
        text = f"Stopped after {rows:,} rows. Their predictions are in the server's log"
        raise Stopped(f"{text}; {out} was not written." if out else f"{text}.") from None
    if as_json and out:
        summary = {"model": model, "versions": list(versions), "rows": rows, "unlogged": unlogged, "out": str(out)}
        show(summary)
    place = f" to {out}" if out else ""
    typer.echo(f"Scored {rows:,} rows with {model} {', '.join(versions)}{place}.", err=True)
    if unlogged:
        typer.echo(f"{unlogged:,} predictions were not logged: truth about them cannot be taken.", err=True)


def answers(api: Api, model: str, batch: Batch) -> Iterator[tuple[Batch, Scored]]:
    """The scores of a batch, in halves for as long as the server finds it too large.

    Raises
    ------
    Refused
        With every problem named by its place in the file.
    """
    try:
        scored = api.score(model, *batch.body())
    except Refused as refused:
        if refused.status != TOO_LARGE or len(batch) == 1:
            raise _located(refused, batch) from refused
        for half in batch.halves():
            yield from answers(api, model, half)
    else:
        yield batch, scored


def _output(path: Path | None, *, as_json: bool) -> AbstractContextManager[Results]:
    if path is None:
        return nullcontext(JsonLinesResults(sys.stdout) if as_json else CsvResults(sys.stdout))
    kind_of(path)  # before the first row is scored
    return results(path)


def _check_names(batch: Batch, file: Path) -> None:
    taken = [name for name in ADDED if name in batch.columns]
    if taken:
        raise Misuse(f"{file} has a column '{taken[0]}', which scoring adds: rename it or leave it out.")


def _located(refused: Refused, batch: Batch) -> Refused:
    """The refusal with rows of the request named by their place in the file."""
    problems = [
        Refusal(message=problem.at(batch.places[problem.row]))
        if problem.row is not None and problem.row < len(batch)
        else problem
        for problem in refused.problems
    ]
    message = problems[0].message if problems else str(refused)
    return Refused(message, status=refused.status, problems=problems)
