"""`evergreen promote`, `rollback`, `delete` and `monitor`: acting on a model."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from cli.api import Api
from cli.confirm import confirm
from cli.errors import Refused
from cli.names import Model, checked
from cli.options import DEFAULT_URL, Json, Key, Url, connect
from cli.output import show
from cli.status import numbers

PASS_S = 600.0
"""How long `monitor --now` waits for the pass it asked for, in seconds: a run may be before it."""

PATIENCE = 60
"""After how many looks at the pass the command says what may be amiss."""

GONE_S = 60.0
"""How long `delete` waits until nothing is left, in seconds."""

POLL_S = 0.5

WAITING = "A run may be before it. Does a process of the role `train` run?"
"""Why a pass may be long in coming."""

Reason = Annotated[str | None, typer.Option(help="Why; it is kept with the event.", show_default=False)]


def promote(
    model: Model,
    version: Annotated[str | None, typer.Argument(help="The version; otherwise the challenger.")] = None,
    *,
    reason: Reason = None,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Make the challenger, or any version, champion. Instances take it up within seconds."""
    checked(model)
    with connect(url, key) as api:
        _moved(api.promote(model, version, reason), as_json=as_json)


def rollback(
    model: Model, reason: Reason = None, as_json: Json = False, url: Url = DEFAULT_URL, key: Key = None
) -> None:
    """Make the previous champion champion again."""
    checked(model)
    with connect(url, key) as api:
        _moved(api.rollback(model, reason), as_json=as_json)


def delete(
    model: Model,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Remove a model with its versions, tables, runs, events and logs. Nothing brings it back."""
    checked(model)
    question = f"Remove model {model} at {url} with everything that is stored of it?"
    confirm(question, what=f"remove model {model}", otherwise="Nothing was removed.", yes=yes)
    with connect(url, key) as api:
        answer = api.delete(model)
        gone = _gone(api, model)
    if as_json:
        show(answer | {"removed": gone})
    elif gone:
        typer.echo(f"Removed model {model}.")
    else:
        text = f"Model {model} is out of service, but not removed after {GONE_S:.0f} s."
        typer.echo(f"{text} Does a process of the role `train` run? It goes on when one does.")


def _gone(api: Api, model: str) -> bool:
    """Wait until nothing is left of a model; whether that was seen."""
    until = time.monotonic() + GONE_S
    while model in api.models():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True


def monitor(
    model: Model,
    now: Annotated[
        bool, typer.Option("--now", help="Ask for a pass now instead of at the timer's next tick.")
    ] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Show all the numbers that the monitor has of a model.

    With --now they are those after a pass that began after the command; where none comes to its end, it says so.
    """
    checked(model)
    with connect(url, key) as api:
        if now:
            _ask(api, model)
        found = api.monitor(model)
        if found is None:
            api.spec(model)  # a model nobody knows is refused with the server's own words
    if as_json:
        show(found)
    elif found is None:
        typer.echo("The monitor has not looked at this model yet: it needs a version and a first prediction.")
    else:
        for name, value in numbers(found, ""):
            typer.echo(f"{name:<24} {value}")


def _ask(api: Api, model: str) -> None:
    """Ask for a pass and wait for the end of that very one: another may have read the logs too early.

    Raises
    ------
    Refused
        It did not come to its end.
    """
    asked = api.ask_monitor(model)
    until, looks = time.monotonic() + PASS_S, 0
    while asked["status"] == "asked":
        if time.monotonic() > until:
            raise Refused(f"The pass did not end within {PASS_S:.0f} s. {WAITING} It may still come.")
        if (looks := looks + 1) == PATIENCE:
            typer.echo(f"Still waiting for the pass. {WAITING}", err=True)
        time.sleep(POLL_S)
        asked = api.asked_pass(model, asked["id"])
    if asked["status"] != "done":
        raise Refused(asked["text"])
    typer.echo(asked["text"], err=True)


def _moved(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show(answer)
    else:
        typer.echo(f"{answer['event']['text']}\nChampion: {answer['champion']}. Instances take it up within seconds.")
