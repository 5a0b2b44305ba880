"""The `evergreen` command: its subcommands and what its exit codes mean."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import (
    acting,
    demo,
    doctor,
    download,
    erase,
    inspection,
    listing,
    machine,
    quarantine,
    reproduce,
    score,
    status,
    train,
    truth,
)
from cli.errors import EXIT_CODES, CommandError, Stopped


class Commands(TyperGroup):
    """Ends with the sentence and the exit code of a command that ended badly."""

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            typer.echo("Stopped.", err=True)
            raise typer.Exit(Stopped.exit_code) from error


app = typer.Typer(
    cls=Commands,
    name="evergreen",
    no_args_is_help=True,
    rich_markup_mode=None,  # messages stay plain lines that can be searched and copied
    pretty_exceptions_enable=False,
    epilog="Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
)
COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "inspect": (inspection.inspect, "See what a table holds, before training on it."),
    "train": (train.train, "Train a model on a table."),
    "score": (score.score, "Score a table."),
    "truth": (truth.truth, "Send ground truth."),
    "status": (status.status, "Show how the models are."),
    "models": (listing.models, "List the models."),
    "versions": (listing.versions, "List the versions of a model."),
    "runs": (listing.runs, "List the runs of a model, or follow one."),
    "events": (listing.events, "Tell what happened to a model."),
    "monitor": (acting.monitor, "Show what the monitor knows, or ask it to look."),
    "quarantine": (quarantine.quarantine, "Show truth that is held back, release or drop it."),
    "promote": (acting.promote, "Make a version champion."),
    "rollback": (acting.rollback, "Make the previous champion champion again."),
    "download": (download.download, "Save the files of a version."),
    "reproduce": (reproduce.reproduce, "See whether a version comes out the same again."),
    "erase": (erase.erase, "Erase a business key everywhere, or show the receipts."),
    "delete": (acting.delete, "Remove a model with everything that is stored of it."),
    "up": (machine.up, "Start the system on this machine."),
    "down": (machine.down, "Stop it; the data stays."),
    "logs": (machine.logs, "Show its logs."),
    "demo": (demo.demo, "Watch a model replace itself."),
    "doctor": (doctor.doctor, "Find out what is amiss."),
}
"""Every command, what it does in a line, in the order of `evergreen --help`."""

for _name, (_command, _about) in COMMANDS.items():
    app.command(_name, short_help=_about)(_command)


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
