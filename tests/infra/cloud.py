"""A subscription in memory, for the checks of `infra.doctor`: healthy until a test breaks it."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from automl.storage import CONTAINERS
from infra.doctor.before import PROVIDERS
from infra.doctor.finding import Denied, Place
from tests.infra.files import files, names
from tests.infra.rights import ROLES, granted

PLACE = Place(subscription="sub", location="swedencentral", group="rg")
NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
STORAGE = f"{PLACE.path}/providers/Microsoft.Storage/storageAccounts/stdatax"
IDS = {name: number for number, name in ROLES.items()}


def site(service: str) -> dict[str, Any]:
    name = {"serving": "func-serve-x", "training": "func-train-x"}[service]
    return {
        "id": f"{PLACE.path}/providers/Microsoft.Web/sites/{name}",
        "name": name,
        "tags": {"azd-service-name": service},
        "properties": {"defaultHostName": f"{name}.azurewebsites.net"},
        "identity": {"userAssignedIdentities": {"id": {"principalId": service, "clientId": "c"}}},
    }


class Cloud:
    """Implements `infra.doctor.finding.Azure` with what Bicep makes. Tests change its attributes."""

    def __init__(self) -> None:
        self.providers = dict.fromkeys(PROVIDERS, "Registered")
        self.regions = ["Sweden Central", "West Europe"]
        self.accounts_used = 3
        self.actions: list[str] = ["*"]
        self.tools = {"az": "2.66.0", "azd": "1.11.0"}
        self.skew = timedelta(0)
        self.sites = [site("serving"), site("training")]
        variables = files()["modules/function-app.bicep"].variables
        made = [*names(variables["ownSettings"]), *names(variables["platformSettings"])]
        self.settings = {app["id"]: dict.fromkeys(made, "x") for app in self.sites}
        self.roles = {service: copy.deepcopy(dict(granted(service))) for service in ("serving", "training")}
        self.closed: dict[str, int] = {}
        self.waiting = {"train": 2, "train-poison": 0}
        self.last_tick: str | None = (NOW - timedelta(minutes=10)).isoformat()
        self.health: Any = {"status": "ready", "reasons": [], "versions": {"adult": "v1"}}

    def manage(self, method: str, path: str, api: str, body: Any = None) -> Any:
        del api, body
        if "/roleAssignments" in path:
            return self._assignments(path)
        if path.endswith("/appsettings/list"):
            assert method == "POST"
            return {"properties": self.settings[path.removesuffix("/config/appsettings/list")]}
        last = path.partition("?")[0].rsplit("/", 1)[1]
        answers: dict[str, Any] = {
            "geoRegions": {"value": [{"name": name} for name in self.regions]},
            "usages": {"value": [{"currentValue": self.accounts_used, "limit": 250}]},
            "permissions": {"value": [{"actions": self.actions, "notActions": []}]},
            "query": {"tables": [{"rows": [[self.last_tick]]}]},
            "sites": {"value": self.sites},
            "storageAccounts": {"value": [{"id": STORAGE, "name": "stdatax"}, {"id": "host", "name": "stservex"}]},
            "components": {"value": [{"id": f"{PLACE.path}/insights"}]},
            **{name: {"registrationState": state} for name, state in self.providers.items()},
            **{app["name"]: app for app in self.sites},
        }
        return answers[last]

    def blobs(self, account: str, container: str) -> list[str]:
        assert account == "stdatax"
        assert container in CONTAINERS
        if container in self.closed:
            raise Denied(self.closed[container], "no")
        return []

    def messages(self, account: str, queue: str) -> int:
        assert account == "stdatax"
        if queue not in self.waiting:
            raise Denied(404, "no such queue")
        return self.waiting[queue]

    def ask(self, url: str) -> Any:
        assert url == "https://func-serve-x.azurewebsites.net/health/ready"
        if self.health is None:
            raise Denied(0, "no answer")
        return self.health

    def version(self, tool: str) -> str:
        return self.tools.get(tool, "")

    def clocks(self) -> tuple[datetime, datetime]:
        return NOW + self.skew, NOW

    def _assignments(self, path: str) -> Any:
        scope, _, query = path.partition("/providers/Microsoft.Authorization/roleAssignments")
        service = query.split("'")[1]
        given = self.roles[service].get(scope.rsplit("/", 1)[1], set())
        return {"value": [{"properties": {"roleDefinitionId": f"/x/{IDS[role]}"}} for role in sorted(given)]}
