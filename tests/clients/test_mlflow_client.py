from __future__ import annotations

from typing import Any

import pytest

import automl
from tests.clients.conftest import Ask


@pytest.fixture(scope="module")
def mlflow(ask: Ask) -> Any:
    return ask("mlflow_scoring.py")


def test_mlflows_client_finds_the_server_and_its_version(mlflow: Any) -> None:
    assert mlflow["version"] == automl.__version__


def test_mlflows_client_reads_the_predictions_of_a_dataframe_and_what_else_is_answered(
    mlflow: Any, expected: dict[str, Any]
) -> None:
    answer = mlflow["answer"]
    assert (answer["model"], answer["version"], answer["logged"]) == ("adult", "v1", True)
    assert len(set(answer["prediction_ids"])) == 2
    assert mlflow["dataframe"] == mlflow["ndarray"] == answer["predictions"] == expected["predict"]
    assert [cell for row in answer["probabilities"] for cell in row.values()] == expected["probabilities"]


@pytest.mark.parametrize("data", ["table", "array", "list"])
def test_mlflows_client_may_send_a_table_an_array_or_a_list(mlflow: Any, data: str) -> None:
    assert mlflow[data]["probabilities"] == mlflow["answer"]["probabilities"]


def test_every_form_of_mlflows_protocol_gives_the_same(mlflow: Any) -> None:
    for form in ("dataframe_records", "instances", "inputs"):
        assert mlflow["forms"][form]["probabilities"] == mlflow["answer"]["probabilities"]


def test_missing_number_of_a_dataframe_is_a_missing_value(mlflow: Any) -> None:
    assert mlflow["missing"]["probabilities"][1] == mlflow["answer"]["probabilities"][1]
    assert mlflow["missing"]["probabilities"][0] != mlflow["answer"]["probabilities"][0]


def test_mlflows_client_reads_what_was_wrong(mlflow: Any) -> None:
    refused = mlflow["refused"]
    assert "error code 400" in refused["missing column"]
    assert "Column 'age': expected a value or null, got no such column" in refused["missing column"]
    assert '"error_code":"BAD_REQUEST"' in refused["missing column"]
    assert "exactly one of dataframe_records" in refused["two forms"]
    assert "got none" in refused["no form"]
