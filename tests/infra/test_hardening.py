"""Nothing is left to harden: no keys, nothing public by accident, everything watched."""

from __future__ import annotations

import json
import re

import pytest

from functions.api_document.registered import routes
from infra.check.bicep import Block, Resource
from tests.infra.files import INFRA, REPOSITORY, files, resources, text

DIAGNOSED = (
    "Microsoft.App/managedEnvironments",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites",
)
"""The types used here that take diagnostic settings."""

METRICS = {
    "evergreen.score.duration",
    "evergreen.score.rows",
    "evergreen.score.errors",
    "evergreen.model.load.duration",
    "evergreen.model.load.failures",
    "evergreen.model.age",
    "evergreen.drift.psi",
    "evergreen.accuracy",
    "evergreen.labels.coverage",
    "evergreen.retrain.runs",
    "evergreen.retrain.duration",
    "evergreen.promotion.total",
    "evergreen.log.dropped",
}
"""The names of telemetry that alerts and workbook may ask for."""

LOGGED = {
    "Monitor of model %s: %s": "functions/monitor.py",
    "Decision on model %s: %s": "functions/monitor.py",
    "The accuracy of champion ": "automl/monitoring/alarm.py",
    "The monitor pass of model %s failed.": "automl/monitoring/passes.py",
    "The %s log of model %s was not written": "automl/log/writer.py",
    '"Model %s, %s: %s"': "automl/scoring/following.py",
    "def watch_models": "functions/monitor.py",
    "async def score": "functions/score.py",
}
"""Sentences and names that alerts look for, and where the code writes them."""


@pytest.mark.parametrize("account", resources("Microsoft.Storage/storageAccounts"), ids=lambda each: each.file)
def test_storage_takes_identities_alone(account: Resource) -> None:
    properties = account.body.get("properties")
    assert properties.get("allowSharedKeyAccess") is False
    assert properties.get("allowBlobPublicAccess") is False
    assert properties.get("allowCrossTenantReplication") is False
    assert properties.get("defaultToOAuthAuthentication") is True
    assert properties.get("supportsHttpsTrafficOnly") is True
    assert properties.get("minimumTlsVersion") == "TLS1_2"
    assert text(properties.get("networkAcls.defaultAction")) == "isPublic ? 'Allow' : 'Deny'"


@pytest.mark.parametrize("path", sorted(files()))
def test_no_key_is_asked_for(path: str) -> None:
    source = (INFRA / path).read_text(encoding="utf-8")
    assert re.findall(r"\blistKeys\b|\blistAccountSas\b|AccountKey=|sharedKey\b", source) == []


def test_no_output_is_a_secret() -> None:
    named = [f"{path}:{name}" for path, file in files().items() for name in file.outputs]
    assert [name for name in named if re.search(r"key|secret|password|sas$", name, re.IGNORECASE)] == []


@pytest.mark.parametrize(
    "resource", resources(*DIAGNOSED), ids=lambda each: f"{each.file.rsplit('/')[-1]}:{each.symbol}"
)
def test_resource_sends_its_diagnostics_to_the_workspace(resource: Resource) -> None:
    settings = resources("Microsoft.Insights/diagnosticSettings")
    watching = [each for each in settings if each.file == resource.file
                and text(each.body.get("scope")) == resource.symbol]  # fmt: skip
    assert len(watching) == 1
    assert watching[0].body.get("properties.workspaceId") is not None
    assert {"logs", "metrics"} & set(watching[0].body.get("properties").values)


def test_every_resource_that_takes_tags_has_them() -> None:
    known = json.loads((INFRA / "check" / "azure-types.json").read_text(encoding="utf-8"))
    for each in resources():
        entry = known[each.type]
        tagged = "tags" in entry["types"][entry["roots"][0]]["properties"]
        if tagged and not each.type.startswith("Microsoft.Web/sites/"):
            assert "tags" in each.body.values, f"{each.file}:{each.line}"


def test_apps_are_reached_over_https_and_deployed_with_identities() -> None:
    [app] = resources("Microsoft.Web/sites")
    properties = app.body.get("properties")
    assert properties.get("httpsOnly") is True
    assert properties.get("siteConfig.minTlsVersion") == "1.2"
    assert properties.get("siteConfig.ftpsState") == "Disabled"
    assert properties.get("functionAppConfig.deployment.storage.authentication.type") == "UserAssignedIdentity"
    closed = resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert [(each.body.get("name"), each.body.get("properties.allow")) for each in closed] == [
        ("ftp", False),
        ("scm", False),
    ]


def test_training_answers_nobody_from_the_internet() -> None:
    training = next(each for each in files()["main.bicep"].modules if each.symbol == "training")
    assert training.body.get("params.isPublic") is False
    [app] = resources("Microsoft.Web/sites")
    restricted = app.body.get("properties.siteConfig.ipSecurityRestrictionsDefaultAction")
    assert text(restricted) == "isPublic ? 'Allow' : 'Deny'"


def test_pages_of_other_origins_are_let_only_where_a_parameter_lists_them() -> None:
    [app] = resources("Microsoft.Web/sites")
    assert text(app.body.get("properties.siteConfig.cors.allowedOrigins")) == "corsOrigins"
    assert app.body.get("properties.siteConfig.cors.supportCredentials") is False
    given = {each.symbol: text(each.body.get("params.corsOrigins")) for each in files()["main.bicep"].modules}
    assert given["serving"] == "empty(corsOrigins) ? [] : split(corsOrigins, ',')"
    assert given["training"] == "[]"


def test_sign_in_leaves_open_what_the_app_leaves_open() -> None:
    (sign_in,) = resources("Microsoft.Web/sites/config")
    left_open = sign_in.body.get("properties.globalValidation.excludedPaths")
    assert sorted(left_open) == sorted(route.path for route in routes("all") if route.is_open)


def test_telemetry_takes_identities_alone() -> None:
    [insights] = resources("Microsoft.Insights/components")
    [workspace] = resources("Microsoft.OperationalInsights/workspaces")
    assert insights.body.get("properties.DisableLocalAuth") is True
    assert workspace.body.get("properties.features.disableLocalAuth") is True
    assert workspace.body.get("properties.workspaceCapping.dailyQuotaGb") is not None


def queries() -> list[Block]:
    found = files()["modules/alerts.bicep"].variables["queries"]
    assert isinstance(found, list)
    return found


def test_alerts_that_matter_are_there() -> None:
    named = {str(query.get("name")) for query in queries()}
    assert named >= {"poison-message", "drift", "accuracy-alarm", "stale-model", "champion-not-loaded", "slow-scores"}
    metrics = [text(each.body.get("properties.criteria.allOf")[0].get("metricName"))
               for each in resources("Microsoft.Insights/metricAlerts")]  # fmt: skip
    assert metrics == ["requests/duration", "requests/failed", "Availability"]


def test_every_alert_tells_the_action_group() -> None:
    for each in resources("Microsoft.Insights/metricAlerts"):
        assert text(each.body.get("properties.actions")[0].get("actionGroupId")) == "actionGroup.id"
    [rule] = resources("Microsoft.Insights/scheduledQueryRules")
    assert text(rule.body.get("properties.actions.actionGroups")[0]) == "actionGroup.id"


def test_windows_of_queries_are_those_azure_takes() -> None:
    windows = {
        "PT5M",
        "PT10M",
        "PT15M",
        "PT30M",
        "PT45M",
        "PT1H",
        "PT2H",
        "PT3H",
        "PT4H",
        "PT5H",
        "PT6H",
        "P1D",
        "P2D",
    }
    assert {str(query.get("window")) for query in queries()} <= windows
    assert {str(query.get("every")) for query in queries()} <= windows


@pytest.mark.parametrize(("sentence", "path"), LOGGED.items())
def test_code_still_writes_what_an_alert_looks_for(sentence: str, path: str) -> None:
    assert sentence in (REPOSITORY / path).read_text(encoding="utf-8")


def test_alerts_and_workbook_ask_for_known_metrics() -> None:
    sources = [(INFRA / "modules" / "alerts.bicep"), (INFRA / "workbook.json")]
    asked = {name for path in sources for name in re.findall(r"evergreen(?:\.[a-z]+)+", path.read_text("utf-8"))}
    assert asked <= METRICS
    assert len(asked) >= 10


def test_workbook_is_one_that_azure_reads() -> None:
    workbook = json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))
    assert workbook["version"] == "Notebook/1.0"
    named = [item["name"] for item in workbook["items"]]
    assert len(named) == len(set(named)) > 15
    assert all("{TimeRange" in item["content"]["query"] or "top " in item["content"]["query"]
               or "summarize" in item["content"]["query"]
               for item in workbook["items"] if item["type"] == 3)  # fmt: skip


def test_budget_writes_before_the_money_is_gone() -> None:
    [budget] = resources("Microsoft.Consumption/budgets")
    notifications = budget.body.get("properties.notifications")
    assert sorted(each.get("threshold") for each in notifications.values.values()) == [80, 100]
