from __future__ import annotations

from typing import Any

import orjson
import pytest

from automl.errors import Unavailable
from tests.functions.conftest import Client
from tests.support.models import KEY, REGRESSOR, ROW, publish
from tests.unit.scoring.inference_protocol.wire import binary, tensor, tensors_of

HEADER = "Inference-Header-Content-Length"
INPUTS = [
    tensor(name, "FP64" if name == "age" else "BYTES", [value])
    for name, value in (ROW | {"member": "true", KEY: "A-7"}).items()
]


async def test_infer_answers_as_score_does_and_logs_the_same(adult: Client) -> None:
    by_score = (await adult("score", ROW | {KEY: "A-7"})).json
    answer = await adult("v2_infer", {"inputs": INPUTS, "id": "42"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    body = answer.json
    assert (body["model_name"], body["model_version"], body["id"]) == ("adult", "v1", "42")
    assert body["parameters"]["logged"] is True
    found = tensors_of(answer.body, None)
    assert found["predict"] == by_score["predictions"]
    assert found["probabilities"] == list(by_score["probabilities"][0].values())
    first, second = adult.logged()
    assert [second["id"]] == body["parameters"]["prediction_ids"]
    assert (second["features"], second["key"]) == (first["features"], first["key"])


async def test_tensors_in_binary_are_answered_in_binary_where_that_is_asked_for(adult: Client) -> None:
    body, length = binary(INPUTS, parameters={"binary_data_output": True})
    answer = await adult("v2_infer", body, headers={HEADER: length, "content-type": "application/octet-stream"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    in_json = await adult("v2_infer", {"inputs": INPUTS})
    assert tensors_of(answer.body, int(answer.headers[HEADER])) == tensors_of(in_json.body, None)


async def test_metadata_and_readiness_of_a_model(adult: Client) -> None:
    publish(adult.core.registry, "v2", bias=1)
    found = (await adult("v2_model")).json
    assert (found["name"], found["versions"]) == ("adult", ["v2", "v1"])
    assert [each["name"] for each in found["inputs"]] == ["age", "job", "since", "member"]
    assert (await adult("v2_model_ready")).json == {"name": "adult", "ready": True}


async def test_version_of_the_route_answers_and_tells_of_itself(adult: Client) -> None:
    publish(adult.core.registry, "v2", signature=REGRESSOR)
    pinned = await adult("v2_version_infer", {"inputs": INPUTS}, version="v2")
    assert (pinned.json["model_version"], pinned.json["outputs"][0]["datatype"]) == ("v2", "FP64")
    by_header = await adult("v2_infer", {"inputs": INPUTS}, headers={"x-model-version": "v2"})
    assert tensors_of(by_header.body, None) == tensors_of(pinned.body, None)
    assert [each["name"] for each in (await adult("v2_version", version="v2")).json["outputs"]] == ["predict"]
    assert (await adult("v2_version_ready", version="v2")).json == {"name": "adult", "ready": True}
    assert (await adult("v2_infer", {"inputs": INPUTS})).json["model_version"] == "v1"


@pytest.mark.parametrize("function", ["v2_version", "v2_version_ready", "v2_version_infer"])
async def test_unknown_version_is_an_error_of_the_protocol(adult: Client, function: str) -> None:
    for version in ("v9", "../v1"):
        answer = await adult(function, {"inputs": INPUTS}, version=version)
        assert (answer.status, list(answer.json)) == (404, ["error"])
        assert version in answer.json["error"]


async def test_version_that_must_not_answer_is_not_ready_and_says_why(adult: Client) -> None:
    publish(adult.core.registry, "v2", files={"model.onnx": b"no graph"})
    answer = await adult("v2_version_ready", version="v2")
    assert (answer.status, list(answer.json)) == (503, ["error"])
    assert "v2" in answer.json["error"]


async def test_server_tells_its_extensions_and_that_it_lives(call: Client) -> None:
    found = (await call("v2_server")).json
    assert found["name"] == "evergreen"
    assert found["extensions"] == ["binary_tensor_data"]
    assert (await call("v2_live")).json == {"live": True}


async def test_readiness_answers_the_key_of_the_protocol_and_the_one_that_clients_read(adult: Client) -> None:
    answer = await adult("v2_ready")
    assert (answer.status, answer.json) == (200, {"live": True, "ready": True})


async def test_server_that_can_answer_nothing_is_not_ready_and_says_why(adult: Client) -> None:
    adult.storage.before = down
    answer = await adult("v2_ready")
    assert answer.status == 503
    assert answer.json == {"live": True, "ready": False, "error": "Storage cannot be reached."}


def down(*_: Any) -> None:
    raise Unavailable("Storage cannot be reached.")


@pytest.mark.parametrize("function", ["v2_model", "v2_model_ready", "v2_infer"])
async def test_unknown_model_is_an_error_of_the_protocol(adult: Client, function: str) -> None:
    for name in ("nobody", "../x"):
        answer = await adult(function, {"inputs": INPUTS}, model=name)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
        assert list(answer.json) == ["error"]
        assert answer.json["error"].startswith("There is no model ")


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (b"{", {}, 400, "Field 'body': expected JSON"),
        ({"inputs": INPUTS[1:]}, {}, 400, "Column 'age': expected a value or null, got no such column"),
        ({"inputs": INPUTS}, {HEADER: "999999"}, 400, f"Field '{HEADER}': expected a whole number, at most the"),
        (b" " * 100_001, {}, 413, "Expected a body of at most 100000 bytes, got 100001"),
        (
            {"inputs": [tensor("age", "FP64", [1] * 101)]},
            {},
            413,
            "Expected at most 100 rows in one request, got 101",
        ),
        ({"inputs": INPUTS}, {"content-type": "text/csv"}, 415, "Expected the content type application/json or"),
    ],
)
async def test_refusals_have_the_shape_and_the_content_type_of_the_protocol(
    adult: Client, body: Any, headers: dict[str, str], status: int, message: str
) -> None:
    answer = await adult("v2_infer", body, headers=headers)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    assert list(answer.json) == ["error"]
    assert message in answer.json["error"]
    assert adult.logged() == []


async def test_storage_that_is_down_and_faults_of_ours_are_errors_of_the_protocol_too(
    adult: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    adult.storage.before = down
    answer = await adult("v2_infer", {"inputs": INPUTS})
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json == {"error": "Storage cannot be reached."}

    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(adult.serving.scoring, "answer", broken)
    answer = await adult("v2_infer", {"inputs": INPUTS}, headers={"x-request-id": "mine"})
    assert (answer.status, answer.headers["content-type"]) == (500, "application/json")
    assert answer.json == {"error": "Something went wrong inside. The log has it under the id mine."}


async def test_ids_of_the_caller_come_back(adult: Client) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await adult("v2_infer", {"inputs": INPUTS}, headers={"x-request-id": "mine", "traceparent": trace})
    assert (answer.headers["x-request-id"], answer.headers["traceparent"]) == ("mine", trace)


async def test_unknown_columns_meet_the_policy_of_the_model(adult: Client) -> None:
    answer = await adult("v2_infer", orjson.dumps({"inputs": [*INPUTS, tensor("agee", "FP64", [1])]}))
    assert answer.status == 400
    assert "Did you mean 'age'?" in answer.json["error"]
