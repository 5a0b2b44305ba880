"""The `evergreen` command: its four subcommands and what its exit codes mean."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import score, status, train, truth
from cli.errors import EXIT_CODES, CommandError


class Commands(TyperGroup):
    """Ends with the sentence and the exit code of a command that ended badly."""

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from error


app = typer.Typer(
    cls=Commands,
    name="evergreen",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # messages stay plain lines that can be searched and copied
    pretty_exceptions_enable=False,
    epilog="Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
)
app.command("train", short_help="Train a model on a table.")(train.train)
app.command("score", short_help="Score a table.")(score.score)
app.command("truth", short_help="Send ground truth.")(truth.truth)
app.command("status", short_help="Show how the models are.")(status.status)


def version() -> str:
    """The installed version of Evergreen."""
    try:
        return metadata.version("evergreen")
    except metadata.PackageNotFoundError:
        return "(not installed: run from its source)"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"evergreen {version()}")
        raise typer.Exit


@app.callback()
def evergreen(
    show: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Train models that keep themselves fresh, score tables, send ground truth, look how they are."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
