"""Checks of a subscription before anything is deployed to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from infra.doctor.finding import Azure, Denied, Finding, Place, ok, wrong

PROVIDERS = (
    "Microsoft.Web",
    "Microsoft.App",
    "Microsoft.Storage",
    "Microsoft.ManagedIdentity",
    "Microsoft.OperationalInsights",
    "Microsoft.Insights",
    "Microsoft.Network",
    "Microsoft.Consumption",
    "Microsoft.EventGrid",
)
"""Resource providers of what infra/ declares; Flex Consumption needs Microsoft.App besides Microsoft.Web."""
TOOLS = {"azd": ((1, 10), "https://aka.ms/azd-install"), "az": ((2, 60), "https://aka.ms/install-azure-cli")}
ACCOUNTS = 3
"""Storage accounts of a deployment: data, and one for each app's host."""
SKEW = timedelta(minutes=5)
"""Tokens and signatures are refused when clocks differ by more."""
MEANS = {"*", "Microsoft.Authorization/*", "Microsoft.Authorization/roleAssignments/*",
         "Microsoft.Authorization/roleAssignments/write"}  # fmt: skip
"""What lets somebody assign roles, which the deployment does."""


def look(azure: Azure, place: Place) -> Iterator[Finding]:
    """Every check in the order in which its remedy is wanted."""
    yield from tools(azure)
    yield clock(azure)
    yield from providers(azure, place)
    yield region(azure, place)
    yield accounts(azure, place)
    yield rights(azure, place)


def tools(azure: Azure) -> Iterator[Finding]:
    """The tools that deploy are there and new enough."""
    for tool, (oldest, where) in TOOLS.items():
        found = azure.version(tool)
        numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
        least = ".".join(map(str, oldest))
        if numbers >= oldest:
            yield ok(f"{tool} installed", f"{tool} {found}.")
        else:
            text = f"Expected {tool} {least} or newer, got {found or 'none'}."
            yield wrong(f"{tool} installed", text, f"Install it: {where}")


def clock(azure: Azure) -> Finding:
    """This machine's clock agrees with Azure's."""
    here, there = azure.clocks()
    text = f"The clocks differ by {abs((here - there).total_seconds()):.0f} s."
    if abs(here - there) <= SKEW:
        return ok("clock", text)
    return wrong("clock", f"{text} Azure refuses tokens then.", "sudo timedatectl set-ntp true")


def providers(azure: Azure, place: Place) -> Iterator[Finding]:
    """Every resource provider is registered."""
    for name in PROVIDERS:
        check = f"provider {name}"
        try:
            answer = azure.manage("GET", f"/subscriptions/{place.subscription}/providers/{name}", "2021-04-01")
        except Denied as error:
            yield wrong(check, str(error), f"az account set --subscription {place.subscription}; az login")
            continue
        state = answer["registrationState"]
        if state == "Registered":
            yield ok(check, "Registered.")
        else:
            yield wrong(
                check, f"Expected Registered, got {state}.", f"az provider register --namespace {name} --wait"
            )


def region(azure: Azure, place: Place) -> Finding:
    """The region offers Flex Consumption."""
    path = f"/subscriptions/{place.subscription}/providers/Microsoft.Web/geoRegions?sku=FlexConsumption"
    offered = {_plain(each["name"]) for each in azure.manage("GET", path, "2024-11-01")["value"]}
    if _plain(place.location) in offered:
        return ok("region", f"{place.location} offers Flex Consumption.")
    near = ", ".join(sorted(offered)[:8]) or "none"
    return wrong(
        "region",
        f"Expected a region that offers Flex Consumption ({near}, …), got {place.location}.",
        "az functionapp list-flexconsumption-locations --output table; azd env set AZURE_LOCATION <one of them>",
    )


def accounts(azure: Azure, place: Place) -> Finding:
    """The subscription may have so many more storage accounts in the region."""
    path = (
        f"/subscriptions/{place.subscription}/providers/Microsoft.Storage/locations/{_plain(place.location)}/usages"
    )
    usage = next(iter(azure.manage("GET", path, "2025-01-01")["value"]), {"currentValue": 0, "limit": 250})
    text = f"{usage['currentValue']} of {usage['limit']} storage accounts are used in {place.location}."
    if usage["currentValue"] + ACCOUNTS <= usage["limit"]:
        return ok("quota", text)
    return wrong(
        "quota", f"{text} {ACCOUNTS} more are needed.", "Ask for more: https://aka.ms/quotas, or take a region"
    )


def rights(azure: Azure, place: Place) -> Finding:
    """Whoever is signed in may assign roles in the resource group."""
    try:
        answer = azure.manage("GET", f"{place.path}/providers/Microsoft.Authorization/permissions", "2022-04-01")
    except Denied as error:
        return wrong("rights", str(error), f"az group create --name {place.group} --location {place.location}")
    for each in answer["value"]:
        denied = any(
            _covers(pattern, "Microsoft.Authorization/roleAssignments/write") for pattern in each["notActions"]
        )
        if MEANS & set(each["actions"]) and not denied:
            return ok("rights", f"Roles may be assigned in {place.group}.")
    return wrong(
        "rights",
        f"Expected the right to assign roles in {place.group}, got none: Contributor is not enough.",
        "az role assignment create --assignee <you> --role 'Role Based Access Control Administrator' "
        f"--scope {place.path}",
    )


def _covers(pattern: str, action: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE) is not None


def _plain(region: str) -> str:
    """`West Europe` and `westeurope` are the same region."""
    return region.replace(" ", "").lower()
