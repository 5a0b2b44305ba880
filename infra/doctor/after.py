"""Checks of what has been deployed to a resource group."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from infra.doctor.expected import CONTAINERS, LAKE, MODELS, SETTINGS, TRAIN_QUEUE, UNSET
from infra.doctor.finding import Azure, Denied, Finding, Place, ok, skipped, wrong

API = "2024-11-01"
CONTRIBUTOR, READER = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
QUEUE_CONTRIBUTOR, QUEUE_SENDER = "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"
OPERATOR = "azd env set AZURE_PRINCIPAL_ID $(az ad signed-in-user show --query id --output tsv); azd provision"
"""Gives whoever runs the doctor the right to read the data."""
TIMER_MAY_BE_LATE = timedelta(hours=2)


def look(azure: Azure, place: Place) -> Iterator[Finding]:
    """Every check; one line when nothing has been deployed yet."""
    apps = _tagged(azure, place, "Microsoft.Web/sites")
    accounts = [each for each in _all(azure, place, "Microsoft.Storage/storageAccounts")
                if each["name"].startswith("stdata")]  # fmt: skip
    if "serving" not in apps or not accounts:
        yield skipped("deployment", f"There is no deployment in {place.group} yet. Make one with `azd up`.")
        return
    data = accounts[0]
    for service, app in apps.items():
        yield from settings(azure, service, app)
        yield from roles(azure, service, app, data, alone=len(apps) == 1)
    yield from storage(azure, place, data["name"])
    yield timer(azure, place)
    yield ready(azure, apps["serving"])


def settings(azure: Azure, service: str, app: dict[str, Any]) -> Iterator[Finding]:
    """The app has every setting its code reads, and none that holds a key."""
    found = azure.manage("POST", f"{app['id']}/config/appsettings/list", API)["properties"]
    missing = sorted(set(SETTINGS) - found.keys())
    check = f"settings of {service}"
    if missing:
        yield wrong(check, f"Expected {', '.join(missing)}, got none of them.", "azd provision")
    else:
        yield ok(check, f"All {len(SETTINGS)} are set; its role is {found['EVERGREEN_ROLE']}.")
    keys = sorted(name for name, value in found.items() if name in UNSET or "AccountKey=" in str(value))
    if keys:
        named = " ".join(keys)
        remedy = f"az functionapp config appsettings delete --ids {app['id']} --setting-names {named}"
        yield wrong(f"keys of {service}", f"Expected identities alone, got {named}.", remedy)


def roles(azure: Azure, service: str, app: dict[str, Any], data: dict[str, Any], *, alone: bool) -> Iterator[Finding]:
    """The app's identity has its rights on the data, and serving none beyond them."""
    identity = next(iter(azure.manage("GET", app["id"], API)["identity"]["userAssignedIdentities"].values()))
    principal = identity["principalId"]
    trains = alone or service == "training"
    for scope, role in _wanted(data["id"], trains=trains):
        check = f"right of {service} on {scope.rsplit('/', 1)[1]}"
        query = f"?$filter=principalId eq '{principal}'"
        answer = azure.manage(
            "GET", f"{scope}/providers/Microsoft.Authorization/roleAssignments{query}", "2022-04-01"
        )
        given = {each["properties"]["roleDefinitionId"].rsplit("/", 1)[1] for each in answer["value"]}
        if role not in given:
            remedy = f"az role assignment create --assignee-object-id {principal} --role {role} --scope {scope}"
            yield wrong(check, f"Expected the role {role}, got {', '.join(sorted(given)) or 'none'}.", remedy)
        elif not trains and scope.endswith(f"/{MODELS}") and given != {READER}:
            remedy = f"az role assignment delete --assignee {principal} --role {CONTRIBUTOR} --scope {scope}"
            yield wrong(check, "Expected that serving may only read models, got the right to write them.", remedy)
        else:
            yield ok(check, "As it should be.")


def _wanted(account: str, *, trains: bool) -> Iterator[tuple[str, str]]:
    for name in CONTAINERS:
        if name == LAKE and not trains:
            continue
        scope = f"{account}/blobServices/default/containers/{name}"
        yield scope, CONTRIBUTOR if trains or name != MODELS else READER
    queue = f"{account}/queueServices/default/queues/{TRAIN_QUEUE}"
    yield queue, QUEUE_CONTRIBUTOR if trains else QUEUE_SENDER


def storage(azure: Azure, place: Place, account: str) -> Iterator[Finding]:
    """Containers answer to an identity, the queue is there, and nothing was given up."""
    for name in CONTAINERS:
        try:
            azure.blobs(account, name)
            yield ok(f"container {name}", "Reached with an identity.")
        except Denied as error:
            yield wrong(f"container {name}", str(error), OPERATOR if error.status == 403 else "azd provision")
    for name, poison in ((TRAIN_QUEUE, False), (f"{TRAIN_QUEUE}-poison", True)):
        try:
            waiting = azure.messages(account, name)
        except Denied as error:
            yield wrong(f"queue {name}", str(error), "azd provision")
            continue
        if poison and waiting:
            remedy = (
                f"az storage message peek --queue-name {name} --account-name {account} --auth-mode login "
                f"--num-messages 32; then ask for the run again, and: az storage message clear --queue-name {name} "
                f"--account-name {account} --auth-mode login"
            )
            yield wrong(f"queue {name}", f"Expected no message that was given up, got {waiting}.", remedy)
        else:
            yield ok(f"queue {name}", f"{waiting} messages wait.")


def timer(azure: Azure, place: Place) -> Finding:
    """The monitor has run lately."""
    components = _all(azure, place, "Microsoft.Insights/components")
    if not components:
        return wrong("timer", "Expected Application Insights in the group, got none.", "azd provision")
    body = {"query": "requests | where name has 'watch_models' | summarize last = max(timestamp)"}
    answer = azure.manage("POST", f"{components[0]['id']}/query", "2018-04-20", body)
    rows = answer["tables"][0]["rows"]
    last = rows[0][0] if rows and rows[0] else None
    remedy = f"az functionapp restart --name <training app> --resource-group {place.group}"
    if not last:
        return wrong("timer", "Expected runs of the monitor, got none yet. It runs every 15 minutes.", remedy)
    _, now = azure.clocks()
    age = now - datetime.fromisoformat(last)
    if age > TIMER_MAY_BE_LATE:
        return wrong("timer", f"Expected a run within {TIMER_MAY_BE_LATE}, got the last one at {last}.", remedy)
    return ok("timer", f"The monitor ran at {last}.")


def ready(azure: Azure, app: dict[str, Any]) -> Finding:
    """The app answers, and its champions load."""
    url = f"https://{app['properties']['defaultHostName']}"
    remedy = f"az webapp log tail --ids {app['id']}"
    try:
        answer = azure.ask(f"{url}/health/ready")
    except Denied as error:
        return wrong("model loads", f"Expected an answer from {url}, got {error}", remedy)
    versions = ", ".join(f"{model} {version}" for model, version in sorted(answer.get("versions", {}).items()))
    if answer.get("status") == "ready":
        return ok("model loads", versions or "No champion has been asked for yet.")
    reasons = " ".join(answer.get("reasons", [])) or str(answer)
    return wrong("model loads", f"Expected ready, got {answer.get('status')}: {reasons}", remedy)


def _all(azure: Azure, place: Place, kind: str) -> list[dict[str, Any]]:
    api = {"Microsoft.Web/sites": API, "Microsoft.Storage/storageAccounts": "2025-01-01"}.get(kind, "2020-02-02")
    try:
        found: list[dict[str, Any]] = azure.manage("GET", f"{place.path}/providers/{kind}", api)["value"]
    except Denied as error:
        if error.status == 404:
            return []
        raise
    return found


def _tagged(azure: Azure, place: Place, kind: str) -> dict[str, dict[str, Any]]:
    """Apps by the service of azure.yaml they are."""
    tagged = {each.get("tags", {}).get("azd-service-name"): each for each in _all(azure, place, kind)}
    return {service: app for service, app in tagged.items() if service}
