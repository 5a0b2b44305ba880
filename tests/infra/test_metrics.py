"""The workbook and the alerts ask for metrics that the app sends, by dimensions that it sends them with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from automl.telemetry.metrics import METRICS
from tests.infra.files import INFRA, REPOSITORY

NAME = re.compile(r"evergreen\.[a-z.]*[a-z]")
SENT = {metric.name: metric for metric in METRICS}


def queries() -> Iterator[str]:
    """Every query that is part of the deployment, cut where another metric's part begins."""
    workbook = json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))
    whole = [item["content"]["query"] for item in workbook["items"] if "query" in item["content"]]
    whole += re.findall(r"query: '(.*)'", (INFRA / "modules" / "alerts.bicep").read_text(encoding="utf-8"))
    for query in whole:
        yield from query.split("union ")


ASKED = [query for query in queries() if NAME.search(query)]


def test_there_are_queries_that_ask_for_metrics() -> None:
    assert len(ASKED) > 12


@pytest.mark.parametrize("query", ASKED)
def test_query_asks_for_what_is_sent(query: str) -> None:
    [name] = NAME.findall(query)
    dimensions = set(re.findall(r"(?:customDimensions|Properties)\.(\w+)", query))
    assert dimensions <= set(SENT[name].dimensions)


def test_page_names_every_metric_with_its_unit_and_dimensions() -> None:
    page = (REPOSITORY / "docs" / "alerts.md").read_text(encoding="utf-8")
    rows = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in page.splitlines()]
    told = {row for row in rows if row and NAME.search(row[0])}
    assert told == {
        (
            f"`{metric.name}`",
            metric.kind,
            f"`{metric.unit}`",
            ", ".join(f"`{dimension}`" for dimension in metric.dimensions),
            metric.text,
        )
        for metric in METRICS
    }


def test_deploy_page_names_no_other_metric() -> None:
    page = (REPOSITORY / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(evergreen\.[a-z.]+)`", page)) <= set(SENT)
