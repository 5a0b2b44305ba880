from __future__ import annotations

import asyncio
import functools
from dataclasses import replace
from typing import Any

import orjson
import pytest

from automl import bootstrap
from automl.errors import Unavailable
from automl.parsing import parse_records
from automl.settings import Settings
from tests.functions.conftest import Client
from tests.support.models import CLASSIFIER, KEY, REGRESSOR, ROW, publish


def down(*operations: str) -> Any:
    def before(operation: str, container: str, name: str) -> None:
        if not operations or operation in operations:
            raise Unavailable("Storage cannot be reached: connection refused.")

    return before


async def test_score_answers_with_predictions_probabilities_and_ids(adult: Client) -> None:
    rows = [ROW, ROW | {"age": 61}]
    answer = await adult("score", {"dataframe_records": rows})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json
    assert list(body) == ["model", "version", "predictions", "probabilities", "prediction_ids", "logged"]
    assert (body["model"], body["version"], body["logged"]) == ("adult", "v1", True)
    assert body["predictions"] == ["<=50K", ">50K"]
    for row in body["probabilities"]:
        assert list(row) == ["<=50K", ">50K"]
        assert sum(row.values()) == pytest.approx(1)
    for identity in body["prediction_ids"]:
        assert adult.serving.ids.check("adult", identity) == int(adult.clock().timestamp() * 1000)


async def test_every_answered_prediction_is_in_the_log_as_the_model_saw_it(adult: Client) -> None:
    answer = (await adult("score", {"instances": [ROW | {KEY: 7}, ROW | {"job": None}]})).json
    first, second = adult.logged()
    assert [first["id"], second["id"]] == answer["prediction_ids"]
    assert (first["key"], "key" in second) == ("7", False)
    assert list(first)[:2] == ["id", "key"]
    assert (first["model"], first["version"], first["role"]) == ("adult", "v1", "champion")
    assert first["at"] == int(adult.clock().timestamp() * 1000)
    assert [first["prediction"], second["prediction"]] == answer["predictions"]
    assert first["probabilities"] == list(answer["probabilities"][0].values())
    assert first["latency_us"] > 0
    seen = parse_records(CLASSIFIER, [ROW, ROW | {"job": None}])
    again = parse_records(CLASSIFIER, [first["features"], second["features"]])
    assert (again.num.tobytes(), again.cat.tolist()) == (seen.num.tobytes(), seen.cat.tolist())


async def test_line_begins_with_the_id_where_readers_look_for_it(adult: Client) -> None:
    answer = (await adult("score", ROW)).json
    info = next(adult.storage.find("log"))
    assert info.name.startswith("adult/predictions/2026-11-20/16/")
    assert adult.storage.get_from("log", info.name, 0)[7:43].decode() == answer["prediction_ids"][0]


async def test_regression_answers_numbers_and_no_probabilities(call: Client) -> None:
    publish(call.core.registry, "v1", signature=REGRESSOR)
    answer = (await call("score", ROW)).json
    assert "probabilities" not in answer
    assert answer["predictions"] == [pytest.approx(3.9 + 0.0017951904 - 4.0)]
    assert call.logged()[0]["probabilities"] is None


async def test_a_row_that_the_model_cannot_answer_with_a_finite_number_is_refused_and_not_logged(
    call: Client,
) -> None:
    publish(call.core.registry, "v1", signature=REGRESSOR, scale=1e200)
    answer = await call("score", {"instances": [ROW, ROW | {"age": 1e300}, ROW | {"age": -1e300}]})
    assert answer.status == 400
    assert [problem["row"] for problem in answer.json["problems"]] == [1, 2]
    assert "expected values that the model can answer with a finite number" in answer.json["detail"]
    assert call.logged() == []


async def test_csv_and_json_get_the_same_answer(adult: Client) -> None:
    text = b"age,job,since,member\r\n39,clerk,2026-11-20T16:00:00Z,true\r\n"
    by_csv = await adult("score", text, headers={"content-type": "text/csv; charset=utf-8"})
    by_json = await adult("score", ROW)
    assert by_csv.json["probabilities"] == by_json.json["probabilities"]


async def test_long_body_scores_in_a_thread_to_the_same_answer(adult: Client) -> None:
    padded = ROW | {"fnlwgt": "x" * 20_000}
    assert (await adult("score", padded)).json["probabilities"] == (await adult("score", ROW)).json["probabilities"]


async def test_body_without_a_content_type_is_taken_for_json(adult: Client) -> None:
    assert (await adult("score", orjson.dumps(ROW))).status == 200


async def test_score_is_answered_although_the_log_is_down(adult: Client) -> None:
    await adult("score", ROW)
    adult.storage.before = down()
    answer = await adult("score", ROW)
    assert answer.status == 200
    assert answer.json["predictions"] == ["<=50K"]
    assert answer.json["logged"] is False
    assert adult.serving.predictions.lost == 1


async def test_log_that_is_off_writes_nothing_and_says_so(
    adult: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    core = replace(adult.core, settings=replace(settings, log="off"))
    serving = bootstrap.build_serving(core)
    monkeypatch.setattr(bootstrap, "serving", functools.cache(lambda: serving))
    answer = (await adult("score", ROW)).json
    assert (answer["logged"], len(answer["prediction_ids"])) == (False, 1)
    assert adult.logged() == []
    serving.champions.close()


async def test_a_sampled_log_holds_just_the_requests_that_say_so(
    adult: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    core = replace(adult.core, settings=replace(settings, log_sample=0.5))
    serving = bootstrap.build_serving(core)
    monkeypatch.setattr(bootstrap, "serving", functools.cache(lambda: serving))
    answers = [(await adult("score", {"instances": [ROW, ROW]})).json for _ in range(200)]
    told = [identity for answer in answers if answer["logged"] for identity in answer["prediction_ids"]]
    assert [record["id"] for record in adult.logged()] == told
    assert 100 < len(told) < 300  # 200 expected, 14 standard deviation: fails once in a trillion runs
    serving.champions.close()


async def test_async_log_answers_before_its_records_are_written(
    adult: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    core = replace(adult.core, settings=replace(settings, log="async", log_flush_ms=1))
    serving = bootstrap.build_serving(core)
    monkeypatch.setattr(bootstrap, "serving", functools.cache(lambda: serving))
    answer = (await adult("score", ROW)).json
    assert answer["logged"] is True
    assert adult.logged() == []
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    assert [record["id"] for record in adult.logged()] == answer["prediction_ids"]
    serving.champions.close()


async def test_cold_start_with_storage_down_says_when_to_try_again(adult: Client) -> None:
    adult.storage.before = down()
    answer = await adult("score", ROW)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json["error_code"] == "unavailable"


async def test_requests_at_once_are_each_answered_and_logged_once(adult: Client) -> None:
    answers = await asyncio.gather(*(adult("score", ROW) for _ in range(200)))
    given = [identity for answer in answers for identity in answer.json["prediction_ids"]]
    assert len(set(given)) == 200
    assert sorted(record["id"] for record in adult.logged()) == sorted(given)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "expected a JSON body, got an empty one"),
        (b"not json", 400, "expected JSON, got something else at line 1, column 1"),
        (b'{"age": NaN}', 400, "JSON has no NaN and no Infinity; send null"),
        (b'{"instances": []}', 400, "expected at least one row, got none"),
        (
            ROW | {"agee": 1},
            400,
            "'agee': expected a column of this model, got an unknown column in row 0. Did you mean",
        ),
        (ROW | {"age": "forty"}, 400, "'age': expected a number, got 'forty' in row 0. Send a number or null."),
        (ROW | {"age": True}, 400, "Column 'age': expected a number, got True in row 0"),
        (ROW | {"job": {"a": 1}}, 400, "Column 'job': expected text, got {'a': 1} in row 0"),
        ({"age": 1}, 400, "got no such column in row 0. Send null where it is not known."),
        ({"instances": [ROW] * 101}, 413, "Expected at most 100 rows in one request, got 101"),
        (b" " * 100_001, 413, "Expected a body of at most 100000 bytes, got 100001"),
    ],
)
async def test_bad_body_is_told_what_is_wrong_and_nothing_is_logged(
    adult: Client, body: Any, status: int, message: str
) -> None:
    answer = await adult("score", body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert message in answer.json["detail"]
    assert adult.logged() == []
    assert (await adult("score", ROW)).status == 200


async def test_all_bad_fields_are_listed(adult: Client) -> None:
    answer = await adult("score", {"age": "x", "job": [], "since": "soon", "member": 3})
    assert [problem["column"] for problem in answer.json["problems"]] == ["age", "since", "job", "member"]
    assert all(problem["message"] and problem["remedy"] for problem in answer.json["problems"])


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"content-type": "application/x-www-form-urlencoded"},
            "Expected the content type application/json or text/csv",
        ),
        ({"content-type": "application/json; charset=latin-1"}, "Expected text in UTF-8, got charset 'latin-1'"),
        ({"content-encoding": "br"}, "Expected a body that is plain or compressed by gzip or deflate, got 'br'"),
    ],
)
async def test_other_types_and_encodings_are_refused(adult: Client, headers: dict[str, str], message: str) -> None:
    answer = await adult("score", ROW, headers=headers)
    assert answer.status == 415
    assert message in answer.json["detail"]


@pytest.mark.parametrize("name", ["../secrets", "Adult", "", "a" * 64, "a/b", "über", "a\nb"])
async def test_name_no_model_can_have_is_unknown_and_nothing_is_read(adult: Client, name: str) -> None:
    read: list[str] = []
    adult.storage.before = lambda operation, *_: read.append(operation)
    answer = await adult("score", ROW, model=name)
    assert answer.status == 404
    assert read == []


async def test_unknown_model_is_told_apart_from_a_model_without_a_champion(call: Client) -> None:
    answer = await call("score", ROW, model="nobody")
    assert answer.status == 404
    assert answer.json["detail"].startswith("There is no model 'nobody'. Create it with PUT /models/nobody")
    await call("put_model", {"target": "income"})
    answer = await call("score", ROW)
    assert answer.status == 404
    assert answer.json["detail"].startswith("Model 'adult' has no champion yet. Train it")


async def test_a_crowd_of_requests_gets_the_answers_each_would_get_alone(adult: Client) -> None:
    asked = [ROW | {"age": age} for age in range(20, 60)]
    alone = [(await adult("score", row)).json["probabilities"][0] for row in asked]
    adult.serving.champions.get("adult").quick_rows = 8
    crowd = await asyncio.gather(*(adult("score", row) for row in asked))
    for answer, expected in zip(crowd, alone, strict=True):
        assert answer.json["probabilities"][0] == pytest.approx(expected, rel=1e-12)
    identities = [identity for answer in crowd for identity in answer.json["prediction_ids"]]
    assert len(set(identities)) == 40


async def test_a_slow_model_is_scored_in_a_thread_to_the_same_answer(adult: Client) -> None:
    here = (await adult("score", ROW)).json["probabilities"]
    adult.serving.champions.get("adult").quick_rows = 0
    assert (await adult("score", ROW)).json["probabilities"] == here
