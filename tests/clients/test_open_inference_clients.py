from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.clients.conftest import Ask


@pytest.fixture(scope="module")
def triton(ask: Ask) -> Any:
    return ask("triton.py", "adult")


@pytest.fixture(scope="module")
def kserve(ask: Ask) -> Any:
    if sys.version_info >= (3, 14):
        pytest.skip("kserve does not install on Python 3.14 or newer")
    return ask("kserve_rest.py", "adult")


def test_tritonclient_finds_server_and_model_live_and_ready(triton: Any) -> None:
    assert (triton["live"], triton["ready"], triton["model_ready"]) == (True, True, True)
    assert triton["unknown_ready"] is False
    assert triton["server"]["extensions"] == ["binary_tensor_data"]
    metadata = triton["metadata"]
    assert (metadata["name"], metadata["versions"]) == ("adult", ["v1"])
    assert [each["name"] for each in metadata["inputs"]] == ["age", "job", "since", "member"]
    assert [each["name"] for each in metadata["outputs"]] == ["predict", "probabilities"]


@pytest.mark.parametrize("way", ["binary", "json", "gzip", "deflate"])
def test_tritonclient_gets_the_scores_of_the_same_rows_bit_for_bit(
    triton: Any, expected: dict[str, Any], way: str
) -> None:
    found = triton[way]
    assert {name: found[name] for name in expected} == expected
    assert (found["model"], found["version"], found["parameters"]["logged"]) == ("adult", "v1", True)
    assert len(set(found["parameters"]["prediction_ids"])) == 2
    assert found["binary"] == (["probabilities"] if way == "json" else ["predict", "probabilities"])


def test_tritonclient_gets_its_id_back(triton: Any) -> None:
    assert triton["binary"]["id"] == "42"
    assert [found["id"] for found in triton["at_once"]] == [str(n) for n in range(8)]


def test_tritonclient_sends_packed_tensors_every_numeric_datatype_and_missing_values(triton: Any) -> None:
    assert triton["packed"]["predict"] == ["<=50K", ">50K"]
    assert triton["packed_short"]["probabilities"] == triton["packed"]["probabilities"]
    answers = triton["datatypes"]
    assert len(answers) == 12
    assert all(found == answers["FP64"] for found in answers.values())
    assert triton["missing"]["predict"] == ["<=50K"]


def test_tritonclient_reads_what_was_wrong(triton: Any) -> None:
    refused = triton["refused"]
    assert refused["unknown model"][0] == refused["metadata"][0] == "404"
    assert "There is no model 'nobody'" in refused["unknown model"][1]
    assert refused["missing column"][0] == "400"
    assert "Column 'age': expected a value or null" in refused["missing column"][1]
    assert "expected one of predict, probabilities, got 'label'" in refused["unknown output"][1]
    assert "that extension is not supported" in refused["classification"][1]


def test_kserve_finds_server_and_model_live_and_ready(kserve: Any) -> None:
    assert (kserve["live"], kserve["ready"], kserve["model_ready"]) == (True, True, True)
    assert kserve["unknown_ready"] is False


@pytest.mark.parametrize("way", ["json", "binary", "outputs"])
def test_kserve_gets_the_scores_of_the_same_rows_bit_for_bit(kserve: Any, expected: dict[str, Any], way: str) -> None:
    found = kserve[way]
    assert {name: found[name] for name in expected} == expected
    assert (found["model"], found["id"], found["parameters"]["logged"]) == ("adult", "42", True)
    assert len(set(found["parameters"]["prediction_ids"])) == 2


def test_kserve_reads_what_was_wrong(kserve: Any) -> None:
    assert kserve["refused"]["unknown model"][0] == 404
    assert kserve["refused"]["unknown model"][1].startswith("There is no model 'nobody'")
    assert kserve["refused"]["missing column"][0] == 400
    assert "Column 'age': expected a value or null" in kserve["refused"]["missing column"][1]
