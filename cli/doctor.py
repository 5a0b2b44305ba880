"""`evergreen doctor`: this machine and its server, or with `--azure` a subscription and what is deployed to it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli import doctor_machine
from cli.columns import aligned
from cli.errors import Misuse, Refused
from cli.options import DEFAULT_URL, Json, Key, Url
from cli.output import show
from infra.doctor.finding import Place
from infra.doctor.run import examine

WORDS = {"ok": "ok", "wrong": "amiss", "skipped": "look"}
"""The words of the other doctor, for one table of findings."""


def doctor(
    *,
    azure: Annotated[bool, typer.Option("--azure", help="Look at a subscription and what is deployed.")] = False,
    subscription: Annotated[str, typer.Option(envvar="AZURE_SUBSCRIPTION_ID", help="With --azure: its id.")] = "",
    resource_group: Annotated[str, typer.Option(envvar="AZURE_RESOURCE_GROUP", help="With --azure: its name.")] = "",
    location: Annotated[str, typer.Option(envvar="AZURE_LOCATION", help="With --azure: the region.")] = "",
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Find out what is amiss, on this machine or with --azure in Azure, and what mends it.

    Exits with 1 when something is amiss.
    """
    if not azure:
        doctor_machine.doctor(as_json=as_json, url=url, key=key)
        return
    given = {"--subscription": subscription, "--resource-group": resource_group, "--location": location}
    if missing := [option for option, value in given.items() if not value]:
        raise Misuse(f"Expected {', '.join(missing)}, got none. `azd env get-values` knows them.")
    from infra.doctor.client import LiveAzure

    place = Place(subscription=subscription, location=location, group=resource_group)
    try:
        live = LiveAzure()
    except ModuleNotFoundError as error:
        raise Misuse(f"--azure needs {error.name}, got none. Run `pip install azure-identity`.") from error
    found = list(examine(live, place))
    if as_json:
        show([asdict(each) for each in found])
    else:
        rows = [(WORDS[each.state], each.check, f"{each.text} {each.remedy}".rstrip()) for each in found]
        for line in aligned(rows):
            typer.echo(line)
    if any(each.state == "wrong" for each in found):
        raise typer.Exit(Refused.exit_code)
