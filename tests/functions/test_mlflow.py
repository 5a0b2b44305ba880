from __future__ import annotations

from typing import Any

import pytest

import automl
from automl import spec
from automl.errors import Unavailable
from automl.spec import Spec
from tests.functions.conftest import Client
from tests.support.models import ROW, publish

RECORDS = {"dataframe_records": [ROW, ROW | {"age": 61, "extra": 1}]}


def down(*_: Any) -> None:
    raise Unavailable("Storage cannot be reached.")


async def test_invocations_answer_for_the_only_model_as_its_own_route_does(adult: Client) -> None:
    answer = await adult("invocations", RECORDS)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    by_name = (await adult("score", {"dataframe_records": [ROW, ROW | {"age": 61}]})).json
    assert {**answer.json, "prediction_ids": None} == {**by_name, "prediction_ids": None}
    assert [record["id"] for record in adult.logged()][:2] == answer.json["prediction_ids"]


async def test_csv_is_read_too(adult: Client) -> None:
    text = b"age,job,since,member,extra\r\n39,clerk,2026-11-20T16:00:00Z,true,1\r\n"
    answer = await adult("invocations", text, headers={"content-type": "text/csv"})
    assert answer.json["predictions"] == ["<=50K"]


async def test_choice_that_is_unclear_names_the_models(adult: Client) -> None:
    spec.save(adult.storage, Spec.from_json({"name": "bikes", "target": "y"}))
    answer = await adult("invocations", RECORDS)
    assert (answer.status, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "got 2: adult, bikes. Set EVERGREEN_DEFAULT_MODEL" in answer.json["message"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (ROW, {}, 400, "expected exactly one of dataframe_records"),
        (
            {"dataframe_records": [{"age": 1}]},
            {},
            400,
            "Column 'since': expected a value or null, got no such column",
        ),
        (b" " * 100_001, {}, 413, "Expected a body of at most 100000 bytes"),
        (RECORDS, {"content-type": "application/x-www-form-urlencoded"}, 415, "Expected the content type"),
        (RECORDS, {"content-type": "application/json; charset=latin-1"}, 415, "Expected text in UTF-8"),
        (RECORDS, {"content-type": "application/json; format=pandas-split"}, 415, "but charset, got 'format'"),
    ],
)
async def test_errors_have_mlflows_code_and_message_beside_the_fields_of_the_others(
    adult: Client, body: Any, headers: dict[str, str], status: int, message: str
) -> None:
    answer = await adult("invocations", body, headers=headers)
    assert (answer.status, answer.json["error_code"]) == (status, "BAD_REQUEST")
    assert message in answer.json["message"]
    assert answer.json["detail"] == answer.json["message"]
    assert adult.logged() == []


async def test_storage_that_is_down_and_faults_of_ours_have_mlflows_codes(
    adult: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    adult.storage.before = down
    answer = await adult("invocations", RECORDS)
    assert (answer.status, answer.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    monkeypatch.setattr(adult.serving.default_model, "known", lambda: 1 / 0)
    answer = await adult("invocations", RECORDS)
    assert (answer.status, answer.json["error_code"]) == (500, "INTERNAL_ERROR")


@pytest.mark.parametrize("function", ["ping", "health"])
async def test_ping_is_an_empty_line_and_its_status(adult: Client, function: str) -> None:
    answer = await adult(function)
    assert (answer.status, answer.body) == (200, b"\n")


async def test_ping_tells_a_process_that_can_do_no_work(adult: Client) -> None:
    adult.storage.before = down
    assert (await adult("ping")).status == 503


async def test_version_is_plain_text(call: Client) -> None:
    answer = await call("version")
    assert (answer.body.decode(), answer.headers["content-type"]) == (automl.__version__, "text/plain")


@pytest.mark.parametrize("function", ["score", "invocations"])
async def test_header_pins_the_version_that_answers(adult: Client, function: str) -> None:
    publish(adult.core.registry, "v2", bias=3)
    body = {"dataframe_records": [ROW]}
    for version, predictions in (("v1", ["<=50K"]), ("v2", [">50K"])):
        answer = (await adult(function, body, headers={"x-model-version": version})).json
        assert (answer["version"], answer["predictions"]) == (version, predictions)
        assert adult.logged()[-1]["version"] == version
    assert (await adult(function, body)).json["version"] == "v1"
    for unknown in ("v3", "../v1", ""):
        answer = await adult(function, body, headers={"x-model-version": unknown})
        assert answer.status == 404
        assert "version" in answer.json["message"]
