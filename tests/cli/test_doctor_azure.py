"""`evergreen doctor --azure` prints what the checks find, over a subscription in memory."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from infra.doctor import client
from tests.infra.cloud import PLACE, Cloud

WHERE = ["--subscription", PLACE.subscription, "--resource-group", PLACE.group, "--location", PLACE.location]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud()
    monkeypatch.setattr(client, "LiveAzure", lambda: made)
    return made


def test_healthy_deployment_exits_with_0(cloud: Cloud) -> None:
    result = CliRunner().invoke(app, ["doctor", "--azure", *WHERE])
    assert result.exit_code == 0, result.output
    assert "swedencentral offers Flex Consumption" in result.output


def test_fault_exits_with_1_and_prints_its_remedy(cloud: Cloud) -> None:
    cloud.waiting["train-poison"] = 1
    result = CliRunner().invoke(app, ["doctor", "--azure", *WHERE])
    assert result.exit_code == 1
    [line] = [line for line in result.output.splitlines() if line.startswith("amiss")]
    assert "az storage message peek" in line


def test_json_holds_every_finding(cloud: Cloud) -> None:
    result = CliRunner().invoke(app, ["doctor", "--azure", "--json", *WHERE])
    found = json.loads(result.output)
    assert {each["state"] for each in found} == {"ok"}
    assert "model loads" in [each["check"] for each in found]


def test_missing_place_is_misuse(cloud: Cloud) -> None:
    result = CliRunner().invoke(app, ["doctor", "--azure"], env={"AZURE_SUBSCRIPTION_ID": "s"})
    assert result.exit_code == 2
    assert "--resource-group, --location" in result.output


def test_command_installed_alone_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise ModuleNotFoundError("No module named 'azure.identity'", name="azure.identity")

    monkeypatch.setattr(client, "LiveAzure", absent)
    result = CliRunner().invoke(app, ["doctor", "--azure", *WHERE])
    assert result.exit_code == 2
    assert "pip install azure-identity" in result.output
