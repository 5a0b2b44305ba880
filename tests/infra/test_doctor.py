"""Every fault that the doctor knows is found, with the command that mends it, and a healthy system has none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from automl import storage
from automl.settings import Settings
from automl.storage import CONTROL, MODELS
from infra.doctor import expected
from infra.doctor.finding import Denied, Finding
from infra.doctor.run import examine
from tests.infra.cloud import NOW, PLACE, Cloud
from tests.infra.files import files, names

Break = Callable[[Cloud], object]


def faults(cloud: Cloud) -> list[Finding]:
    return [finding for finding in examine(cloud, PLACE) if finding.state == "wrong"]


def test_what_bicep_makes_is_found_healthy() -> None:
    findings = list(examine(Cloud(), PLACE))
    assert [finding for finding in findings if finding.state != "ok"] == []
    assert len(findings) > 30


def test_empty_group_is_no_fault() -> None:
    cloud = Cloud()
    cloud.sites = []
    findings = list(examine(cloud, PLACE))
    assert [finding.state for finding in findings if finding.check == "deployment"] == ["skipped"]
    assert faults(cloud) == []


BROKEN: list[tuple[str, Break, str, str]] = [
    ("az", lambda c: c.tools.pop("az"), "az installed", "install-azure-cli"),
    ("old azd", lambda c: c.tools.update(azd="1.2.0"), "azd installed", "azd-install"),
    ("clock", lambda c: setattr(c, "skew", timedelta(minutes=6)), "clock", "timedatectl"),
    (
        "provider",
        lambda c: c.providers.update({"Microsoft.App": "NotRegistered"}),
        "provider Microsoft.App",
        "az provider register --namespace Microsoft.App",
    ),
    ("region", lambda c: setattr(c, "regions", ["West Europe"]), "region", "list-flexconsumption-locations"),
    ("quota", lambda c: setattr(c, "accounts_used", 249), "quota", "aka.ms/quotas"),
    ("rights", lambda c: setattr(c, "actions", ["*/read"]), "rights", "az role assignment create"),
    (
        "setting",
        lambda c: c.settings[c.sites[0]["id"]].pop("EVERGREEN_ROLE"),
        "settings of serving",
        "azd provision",
    ),
    (
        "connection string",
        lambda c: c.settings[c.sites[1]["id"]].update(EVERGREEN_STORAGE="AccountKey=x"),
        "keys of training",
        "appsettings delete",
    ),
    ("role", lambda c: c.roles["serving"].pop(CONTROL), "right of serving on control", "az role assignment create"),
    (
        "too much",
        lambda c: c.roles["serving"][MODELS].add("Storage Blob Data Contributor"),
        "right of serving on models",
        "az role assignment delete",
    ),
    ("queue right", lambda c: c.roles["training"].pop("train"), "right of training on train", "create"),
    ("container", lambda c: c.closed.update(log=404), "container log", "azd provision"),
    ("operator", lambda c: c.closed.update(log=403), "container log", "AZURE_PRINCIPAL_ID"),
    ("queue", lambda c: c.waiting.pop("train"), "queue train", "azd provision"),
    ("poison", lambda c: c.waiting.update({"train-poison": 1}), "queue train-poison", "az storage message peek"),
    ("no tick", lambda c: setattr(c, "last_tick", None), "timer", "az functionapp restart"),
    (
        "old tick",
        lambda c: setattr(c, "last_tick", (NOW - timedelta(hours=3)).isoformat()),
        "timer",
        "az functionapp restart",
    ),
    ("silent", lambda c: setattr(c, "health", None), "model loads", "az webapp log tail"),
    (
        "ill",
        lambda c: setattr(c, "health", {"status": "degraded", "reasons": ["no champion"]}),
        "model loads",
        "az webapp log tail",
    ),
]


@pytest.mark.parametrize(("name", "break_it", "check", "remedy"), BROKEN, ids=[each[0] for each in BROKEN])
def test_fault_is_found_and_names_its_remedy(name: str, break_it: Break, check: str, remedy: str) -> None:
    cloud = Cloud()
    break_it(cloud)
    assert name
    [found] = faults(cloud)
    assert found.check == check
    assert remedy in found.remedy


def test_what_the_doctor_expects_is_what_code_and_bicep_have() -> None:
    assert expected.CONTAINERS == storage.CONTAINERS
    assert Settings().train_queue == expected.TRAIN_QUEUE
    variables = files()["modules/function-app.bicep"].variables
    made = {*names(variables["ownSettings"]), *names(variables["platformSettings"])}
    assert set(expected.SETTINGS) <= made
    assert not set(expected.UNSET) & made


def test_one_app_needs_the_rights_of_training() -> None:
    cloud = Cloud()
    cloud.sites = cloud.sites[:1]
    cloud.roles["serving"] = cloud.roles["training"]
    assert faults(cloud) == []


def test_denied_request_ends_one_part_and_not_the_other() -> None:
    class Half(Cloud):
        def manage(self, method: str, path: str, api: str, body: object = None) -> object:
            if "geoRegions" in path:
                raise Denied(401, "Nobody is signed in.")
            return super().manage(method, path, api, body)

    findings = list(examine(Half(), PLACE))
    assert [finding.remedy for finding in findings if finding.check == "before deploying"] == [
        "az login; az account set --subscription sub"
    ]
    assert any(finding.check == "model loads" for finding in findings)
