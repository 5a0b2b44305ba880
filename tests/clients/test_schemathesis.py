from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.clients.schemathesis_run import DOCUMENTS, WHOLE, run
from tests.support.served import HOST_KEY, served

FEW = ("--max-examples", "2")
SHORT = {"/openapi.json": FEW, "/models/adult/openapi.json": ("--phases", "examples,fuzzing", "--max-examples", "10")}
"""What `make schemathesis` does at length. The coverage phase of a model's rows takes a minute."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize("document", SHORT)
def test_schemathesis_finds_no_fault_and_nothing_undocumented(url: str, document: str, tmp_path: Path) -> None:
    done = run(tmp_path, url + document, DOCUMENTS[document], SHORT[document])
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert passed is not None, done.stdout
    assert passed[1] == passed[2]
    assert int(passed[1]) > 30


def test_schemathesis_notices_a_document_that_is_wrong(url: str, tmp_path: Path) -> None:
    document = httpx.get(f"{url}/openapi.json", headers={"x-functions-key": HOST_KEY}, timeout=60).json()
    document["components"]["schemas"]["Liveness"]["properties"]["status"]["const"] = "dead"
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    options = ("--url", url, "--include-operation-id", "health_live", "--phases", "fuzzing", "--max-examples", "1")
    done = run(tmp_path, str(tmp_path / "wrong.json"), WHOLE, options)
    assert done.returncode == 1, done.stdout
    assert '"dead" was expected' in done.stdout
