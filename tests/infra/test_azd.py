"""The hooks of azure.yaml: a first spec once, a way to go on, and no key on the screen."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from infra.azd.__main__ import main
from infra.azd.arm import HookError, send
from infra.azd.deployed import ATTEMPTS, FIRST_MODEL, FIRST_SPEC, first_spec, how_to_go_on
from infra.package.parts import PACKAGES
from tests.infra.files import REPOSITORY, files

URL = "https://func-serve-x.azurewebsites.net"
ENVIRON = {
    "AZURE_SUBSCRIPTION_ID": "s",
    "AZURE_RESOURCE_GROUP": "rg",
    "SERVICE_SERVING_NAME": "func-serve-x",
    "EVERGREEN_URL": URL,
}


class App:
    """The deployed app, as the hook sees it."""

    def __init__(self, *, models: list[str], specs: list[str] | None = None, ill_for: int = 0) -> None:
        self.models, self.specs, self.ill_for = models, specs or [], ill_for
        self.put: list[Any] = []

    def __call__(self, method: str, url: str, body: Any = None, headers: Any = None) -> Any:
        path = url.removeprefix(URL)
        if path == "/health/live":
            self.ill_for -= 1
            if self.ill_for >= 0:
                raise HookError("503")
            return {"status": "live"}
        assert headers == {"x-functions-key": "k"}
        if (method, path) == ("GET", "/models"):
            return {"models": self.models}
        if method == "GET":
            if path.rsplit("/", 1)[1] not in self.specs:
                raise HookError("404")
            return {}
        self.put.append((path, body))
        return {}


def test_first_spec_is_stored_where_there_is_no_model() -> None:
    app = App(models=[])
    assert first_spec(URL, "k", app) is True
    assert app.put == [(f"/models/{FIRST_MODEL}", FIRST_SPEC)]


@pytest.mark.parametrize("app", [App(models=["own"]), App(models=[], specs=[FIRST_MODEL])])
def test_second_deployment_changes_nothing(app: App) -> None:
    assert first_spec(URL, "k", app) is False
    assert app.put == []


def test_app_that_starts_slowly_is_waited_for() -> None:
    pauses: list[float] = []
    assert first_spec(URL, "k", App(models=[], ill_for=3), pauses.append) is True
    assert len(pauses) == 3


def test_app_that_never_answers_says_what_to_do() -> None:
    with pytest.raises(HookError, match="evergreen doctor --azure"):
        first_spec(URL, "k", App(models=[], ill_for=ATTEMPTS), lambda _: None)


def test_how_to_go_on_prints_a_score_and_no_key() -> None:
    text = how_to_go_on(ENVIRON)
    assert f"curl -s {URL}/models/{FIRST_MODEL}/score" in text
    assert "$EVERGREEN_KEY" in text
    assert "az functionapp keys list" in text


def test_hook_outside_azd_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deployed"], {}) == 2
    assert "AZURE_SUBSCRIPTION_ID" in capsys.readouterr().err


def test_nothing_is_sent_over_plain_http() -> None:
    with pytest.raises(HookError, match="https://"):
        send("GET", "http://example.invalid/")


def test_first_spec_is_one_that_the_code_accepts() -> None:
    from automl.spec import Spec

    assert Spec.from_json({"name": FIRST_MODEL, **FIRST_SPEC}).target == "income"


def test_services_are_the_packages_and_the_apps() -> None:
    project = yaml.safe_load((REPOSITORY / "azure.yaml").read_text(encoding="utf-8"))
    assert set(project["services"]) == set(PACKAGES)
    outputs = files()["main.bicep"].outputs
    for name, service in project["services"].items():
        assert service["project"] == f"dist/{name}"
        assert re.findall(r"\$\{(\w+)\}", service["resourceName"])[0] in outputs
    apps = {str(module.body.get("params.serviceName")) for module in files()["main.bicep"].modules
            if module.path == "modules/function-app.bicep"}  # fmt: skip
    assert apps == set(PACKAGES)


def test_every_hook_runs_a_module_that_exists() -> None:
    project = yaml.safe_load((REPOSITORY / "azure.yaml").read_text(encoding="utf-8"))
    for hook in project["hooks"].values():
        for system in ("posix", "windows"):
            [module] = re.findall(r"-m ([\w.]+)", hook[system]["run"])
            assert (REPOSITORY / module.replace(".", "/") / "__main__.py").exists()
