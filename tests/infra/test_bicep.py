"""The Bicep files parse, and ask Azure for nothing it does not know."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from infra.check import bicep, schema
from infra.check.bicep import Resource
from tests.infra.files import INFRA, files, resources

KNOWN = schema.load()


def everything() -> list[Resource]:
    return [resource for file in files().values() for resource in file.resources]


@pytest.mark.parametrize("path", sorted(files()))
def test_file_parses(path: str) -> None:
    assert list(files()[path].errors) == []


@pytest.mark.parametrize("resource", everything(), ids=lambda each: f"{each.file}:{each.symbol}")
def test_resource_asks_for_what_azure_knows(resource: Resource) -> None:
    assert schema.problems(resource, KNOWN) == []


@pytest.mark.parametrize("path", sorted(files()))
def test_every_parameter_says_what_it_is(path: str) -> None:
    undescribed = [name for name, each in files()[path].parameters.items() if not each.description.endswith(".")]
    assert undescribed == []


@pytest.mark.parametrize("path", sorted(files()))
def test_everything_declared_is_used(path: str) -> None:
    source = (INFRA / path).read_text(encoding="utf-8")
    words = re.findall(r"\w+", re.sub(r"(?m)^\s*//.*|@description\('.*'\)", "", source))
    declared = [*files()[path].parameters, *files()[path].variables]
    assert [name for name in declared if words.count(name) < 2] == []


def test_main_gives_each_module_its_parameters() -> None:
    main = files()["main.bicep"]
    problems = []
    for module in main.modules:
        wanted = files()[module.path].parameters
        given = set(module.body.get("params").values)
        required = {name for name, each in wanted.items() if each.default is None}
        problems += [f"{module.symbol}: {name} is unknown" for name in given - wanted.keys()]
        problems += [f"{module.symbol}: {name} is missing" for name in required - given]
    assert problems == []


def test_main_reads_only_outputs_that_modules_have() -> None:
    main = files()["main.bicep"]
    outputs = {module.symbol: set(files()[module.path].outputs) for module in main.modules}
    read = re.findall(r"\b(\w+)\.outputs\.(\w+)", (INFRA / "main.bicep").read_text(encoding="utf-8"))
    assert len(read) > 20
    assert [f"{module}.{name}" for module, name in read if name not in outputs[module]] == []


def test_every_module_is_used() -> None:
    used = {module.path for module in files()["main.bicep"].modules}
    assert used == set(files()) - {"main.bicep"}


@pytest.mark.parametrize("kind", sorted({each.type for each in resources()}))
def test_snapshot_has_a_source_for(kind: str) -> None:
    assert KNOWN[kind]["source"] == "azmcp" or KNOWN[kind]["source"].startswith("azure.mgmt.")


# The check itself must be able to fail.


def broken(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "broken.bicep"
    path.write_text(text, encoding="utf-8")
    file = bicep.read(path, tmp_path)
    return [*file.errors, *(problem for each in file.resources for problem in schema.problems(each, KNOWN))]


ACCOUNT = """resource a 'Microsoft.Storage/storageAccounts@2025-01-01' = {{
  name: 'x'
  location: 'y'
  kind: '{kind}'
  sku: {{
    name: 'Standard_LRS'
  }}
  properties: {{
    {name}: false
  }}
}}
"""


def test_what_azure_takes_passes(tmp_path: Path) -> None:
    assert broken(tmp_path, ACCOUNT.format(kind="StorageV2", name="allowSharedKeyAccess")) == []


def test_misspelt_property_is_found(tmp_path: Path) -> None:
    problem = (
        "broken.bicep:9: Microsoft.Storage/storageAccounts.properties.allowSharedKeys: Azure knows no such property."
    )
    assert broken(tmp_path, ACCOUNT.format(kind="StorageV2", name="allowSharedKeys")) == [problem]


def test_wrong_enum_value_is_found(tmp_path: Path) -> None:
    [problem] = broken(tmp_path, ACCOUNT.format(kind="StorageV9", name="allowSharedKeyAccess"))
    assert "expected one of" in problem
    assert problem.endswith("got 'StorageV9'.")


def test_missing_required_property_is_found(tmp_path: Path) -> None:
    text = ACCOUNT.format(kind="StorageV2", name="allowSharedKeyAccess").replace("  location: 'y'\n", "")
    assert broken(tmp_path, text) == ["broken.bicep:2: Microsoft.Storage/storageAccounts.location: is required."]


def test_model_of_a_python_package_is_compared_as_well(tmp_path: Path) -> None:
    text = """resource a 'Microsoft.Insights/actionGroups@2023-01-01' = {
  location: 'global'
  properties: {
    shortName: 'x'
  }
}
"""
    assert broken(tmp_path, text) == [
        "broken.bicep:4: Microsoft.Insights/actionGroups.properties.shortName: Azure knows no such property."
    ]


def test_other_api_version_than_the_compared_one_is_found(tmp_path: Path) -> None:
    text = "resource a 'Microsoft.Storage/storageAccounts@2019-06-01' existing = {\n  name: 'x'\n}\n"
    [problem] = broken(tmp_path, text)
    assert "Use that version" in problem


def test_what_cannot_be_parsed_is_found(tmp_path: Path) -> None:
    assert broken(tmp_path, "resource a 'x' = {\n  name: \n}\n")


def test_resource_of_an_unknown_type_is_found() -> None:
    unknown = dataclasses.replace(resources()[0], type="Microsoft.Unknown/things")
    [problem] = schema.problems(unknown, KNOWN)
    assert "nothing is known" in problem
