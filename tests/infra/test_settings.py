"""What the code reads from its environment, Bicep sets; and the other way round."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from typing import Any

import pytest

from automl.settings import Settings, variable
from infra.check.bicep import Block
from tests.infra.files import INFRA, REPOSITORY, files, names, text

APP = "modules/function-app.bicep"
LEFT_OUT = {
    "EVERGREEN_STORAGE": "a connection string holds a key; in Azure the identity is used",
    "EVERGREEN_INSTANCE": "made at start: two processes must never share one",
    "EVERGREEN_WEBHOOK_SECRET": "a secret: given in `settings` as a reference to a key vault",
}
REFUSED_BY_FLEX = {"FUNCTIONS_WORKER_RUNTIME", "WEBSITE_RUN_FROM_PACKAGE", "SCM_DO_BUILD_DURING_DEPLOYMENT"}
OTHERWISE = {"storage_blob_uri", "storage_queue_uri", "storage_client_id", "role", "train_queue"}
"""Fields whose value in Azure is not their default."""


def own() -> Block:
    found = files()[APP].variables["ownSettings"]
    assert isinstance(found, Block)
    return found


def bound() -> list[tuple[str, str, Any]]:
    """File, argument and value of every trigger and binding decorator in functions/."""
    found = []
    for path in sorted((REPOSITORY / "functions").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found += [(path.name, word.arg or "", ast.literal_eval(word.value)) for word in node.keywords
                          if word.arg in ("queue_name", "schedule", "connection")]  # fmt: skip
    return found


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
def test_setting_the_code_reads_is_set(field: str) -> None:
    assert variable(field) in {*names(own()), *LEFT_OUT}


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_setting_has_the_default_of_the_code(field: dataclasses.Field[Any]) -> None:
    if field.name in OTHERWISE or variable(field.name) in LEFT_OUT:
        return
    read = Settings.from_env({variable(field.name): own().values[variable(field.name)]})
    assert getattr(read, field.name) == field.default


def test_every_own_setting_is_read_by_the_code_or_by_a_binding() -> None:
    read = {variable(field.name) for field in dataclasses.fields(Settings)}
    read |= {f"EVERGREEN_STORAGE__{end}" for end in ("credential", "clientId", "blobServiceUri", "queueServiceUri")}
    read |= {value.strip("%") for _, _, value in bound()}
    assert set(names(own())) - read == set()


def test_settings_that_bindings_name_are_set() -> None:
    asked = {name for _, _, value in bound() for name in re.findall(r"%(\w+)%", str(value))}
    assert asked == {"EVERGREEN_TRAIN_QUEUE", "EVERGREEN_MONITOR_SCHEDULE"}
    assert asked <= set(names(own()))


def test_connections_that_bindings_name_are_identities() -> None:
    connections = {value for _, argument, value in bound() if argument == "connection"}
    assert connections == {"EVERGREEN_STORAGE"}
    for ending in ("credential", "clientId", "blobServiceUri", "queueServiceUri"):
        assert f"EVERGREEN_STORAGE__{ending}" in names(own())


def test_no_setting_holds_a_key_or_is_refused_by_flex_consumption() -> None:
    source = (INFRA / APP).read_text(encoding="utf-8")
    for variables in ("platformSettings", "ownSettings"):
        assert not REFUSED_BY_FLEX & set(names(files()[APP].variables[variables]))
    assert "AccountKey" not in source


def test_function_that_the_training_job_replaces_exists() -> None:
    [name] = names(files()[APP].variables["handedOver"])
    function = name.removeprefix("AzureWebJobs.").removesuffix(".Disabled")
    assert f"def {function}(" in (REPOSITORY / "functions" / "train.py").read_text(encoding="utf-8")


def test_training_job_is_given_what_it_reads() -> None:
    wanted = {"EVERGREEN_ROLE", "EVERGREEN_TRAIN_QUEUE", "EVERGREEN_STORAGE__clientId",
              "EVERGREEN_STORAGE__blobServiceUri", "EVERGREEN_STORAGE__queueServiceUri"}  # fmt: skip
    assert wanted <= set(names(files()["modules/training-job.bicep"].variables["ownSettings"]))


def test_a_run_may_take_less_than_a_function() -> None:
    host = json.loads((REPOSITORY / "host.json").read_text(encoding="utf-8"))
    hours, minutes, seconds = (int(part) for part in host["functionTimeout"].split(":"))
    assert float(own().values["EVERGREEN_TRAIN_TIMEOUT_S"]) < hours * 3600 + minutes * 60 + seconds


def test_parameters_of_azd_are_parameters_of_main() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert set(given) <= set(files()["main.bicep"].parameters)
    required = {name for name, each in files()["main.bicep"].parameters.items() if each.default is None}
    assert required <= set(given) | {"settings"}


def test_defaults_of_azd_are_the_defaults_of_main() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    parameters = files()["main.bicep"].parameters
    for name, entry in given.items():
        if match := re.fullmatch(r"\$\{\w+=(.*)\}", entry["value"]):
            default = parameters[name].default
            assert match[1] == (str(default).lower() if isinstance(default, bool) else str(default)), name


def test_outputs_are_what_azd_and_the_hooks_read() -> None:
    wanted = {"AZURE_LOCATION", "AZURE_TENANT_ID", "SERVICE_SERVING_NAME", "SERVICE_TRAINING_NAME", "EVERGREEN_URL"}
    assert wanted <= set(files()["main.bicep"].outputs)


def test_role_of_each_app_is_the_one_it_is_named_for() -> None:
    roles = {module.symbol: text(module.body.get("params.role")) for module in files()["main.bicep"].modules
             if module.path == APP}  # fmt: skip
    assert roles == {"serving": "servingRole", "training": "train"}
    assert text(files()["main.bicep"].variables["servingRole"]) == "singleApp ? 'all' : 'serve'"
