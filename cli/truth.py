"""`evergreen truth`: what really happened, sent in from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.api import Api
from cli.batch import Batch, to_json
from cli.errors import Misuse, Refused, Stopped
from cli.names import checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show
from cli.tables import batches, kind_of

ROWS = 5_000
"""Truths in one request: under the server's default limit; a server that takes fewer is sent halves."""

TOO_LARGE = 413


def truth(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="Table with the columns prediction_id, id or key; truth; and, if you like, at (ISO 8601).",
            exists=True,
            dir_okay=False,
        ),
    ],
    *,
    source: Annotated[
        str | None, typer.Option(help="Name of the system that it is from.", show_default=False)
    ] = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Send ground truth, so that the model's accuracy is known and a worse one is noticed.

    Other columns are not read, so the table that `score` wrote will do once it has a column `truth`. Rows without a
    truth are left for another time, and sending a row twice does no harm.
    """
    checked(model)
    kind_of(file)  # before anybody is asked
    accepted = refused = unknown = 0
    try:
        with connect(url, key) as api:
            numeric = api.task(model) == "regression"
            for batch in batches(file, ROWS):
                truths, places = _truths(batch, file, numeric=numeric)
                unknown += len(batch) - len(truths)
                taken, reasons = _send(api, model, truths, places, source)
                accepted += taken
                refused += len(reasons)
                for reason in reasons:
                    typer.echo(reason, err=True)
    except KeyboardInterrupt:
        raise Stopped(
            f"Stopped. {accepted:,} truths were accepted and count; send the file again for the others."
        ) from None
    if as_json:
        show({"model": model, "accepted": accepted, "refused": refused, "without_truth": unknown})
        raise typer.Exit(Refused.exit_code if refused else 0)
    left = f" {unknown:,} rows have no truth yet." if unknown else ""
    typer.echo(f"Accepted {accepted:,} truths, refused {refused:,}.{left}")
    if refused:
        raise typer.Exit(Refused.exit_code)


def _truths(batch: Batch, file: Path, *, numeric: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """The truths of a batch as the API takes them, and their places in the file."""
    names = {name: index for index, name in enumerate(batch.columns)}
    by = next((name for name in ("prediction_id", "id", "key") if name in names), None)
    if by is None or "truth" not in names:
        raise Misuse(
            f"{file}: expected the columns id (or prediction_id, or key) and truth, got {', '.join(batch.columns)}. "
            "Rename the column of prediction ids to id or that of business keys to key, and the other to truth."
        )
    truths: list[dict[str, Any]] = []
    places: list[str] = []
    for row, place in zip(batch.rows, batch.places, strict=True):
        value = to_json(row[names["truth"]])
        if value is None or value == "":
            continue
        name = "key" if by == "key" else "id"
        item = {name: to_json(row[names[by]]), "truth": _number(value) if numeric else value}
        if "at" in names and row[names["at"]]:
            item["at"] = to_json(row[names["at"]])
        truths.append(item)
        places.append(place)
    return truths, places


def _number(value: Any) -> Any:
    """The number that a text means; the text itself where it means none, which the server refuses by name."""
    try:
        return to_json(float(value))
    except ValueError:
        return value


def _send(
    api: Api, model: str, truths: list[dict[str, Any]], places: list[str], source: str | None
) -> tuple[int, list[str]]:
    """Send truths, in halves while the server finds them too many; how many were accepted, and the refusals."""
    if not truths:
        return 0, []
    try:
        answer = api.truth(model, truths, source=source)
    except Refused as refused:
        if refused.status != TOO_LARGE or len(truths) == 1:
            raise
        middle = len(truths) // 2
        first = _send(api, model, truths[:middle], places[:middle], source)
        second = _send(api, model, truths[middle:], places[middle:], source)
        return first[0] + second[0], first[1] + second[1]
    return int(answer["accepted"]), [f"{places[item['index']]}: {item['reason']}" for item in answer["refused"]]
