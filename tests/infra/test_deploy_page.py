"""docs/deploy.md says what infra/ does."""

from __future__ import annotations

import re
from typing import Any

from infra.check.bicep import Block, Expression
from tests.infra.files import REPOSITORY, files
from tests.infra.test_hardening import METRICS, queries
from tests.support import documents

PAGE = "docs/deploy.md"


def shown(default: Any) -> str:
    if default is None:
        return "required"
    if default == "" or isinstance(default, Block):
        return "none"
    text = default.text if isinstance(default, Expression) else default
    return f"`{str(text).lower() if isinstance(text, bool) else text}`"


def test_page_lists_every_parameter_with_its_default_and_meaning() -> None:
    expected = [
        (f"`{name}`", shown(each.default), each.description)
        for name, each in files()["main.bicep"].parameters.items()
    ]
    assert documents.table(PAGE) == expected


def test_page_explains_every_alert() -> None:
    section = documents.text(PAGE).split("## When an alert fires")[1].split("\n## ")[0]
    assert [name for query in queries() if (name := str(query.get("name"))) not in section] == []


def test_page_names_every_metric_that_is_asked_for() -> None:
    assert set(re.findall(r"`(evergreen(?:\.[a-z]+)+)`", documents.text(PAGE))) == METRICS


def test_environment_values_of_the_page_are_read_by_the_deployment() -> None:
    given = (REPOSITORY / "infra" / "main.parameters.json").read_text(encoding="utf-8")
    named = re.findall(r"azd env set (\w+)", documents.text(PAGE))
    assert len(named) > 5
    assert [name for name in named if f"${{{name}" not in given] == []


def test_headings_the_page_links_to_exist() -> None:
    text = documents.text(PAGE)
    headings = {re.sub(r"[^\w -]", "", line[3:]).lower().replace(" ", "-") for line in text.splitlines()
                if line.startswith("## ")}  # fmt: skip
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= headings


def test_number_of_files_the_page_speaks_of_is_the_number_there_is() -> None:
    assert f"| {len(files())} files |" in documents.text(PAGE)
