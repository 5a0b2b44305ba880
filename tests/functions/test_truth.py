from __future__ import annotations

from typing import Any

import orjson
import pytest

from automl.errors import Unavailable
from automl.lake.labelled import labelled_rows
from tests.functions.conftest import Client
from tests.support.models import KEY, REGRESSOR, ROW, publish


async def an_id(call: Client) -> str:
    answer = await call("score", ROW)
    return str(answer.json["prediction_ids"][0])


async def test_truth_sent_back_by_id_labels_its_prediction(adult: Client) -> None:
    identity = await an_id(adult)
    adult.clock.advance(hours=3)
    answer = await adult("truth", {"truths": [{"id": identity, "truth": ">50K", "at": "2026-11-20T18:00:00Z"}]})
    assert (answer.status, answer.json) == (200, {"accepted": 1, "refused": []})
    (record,) = adult.logged("truth")
    assert record == {"id": identity, "truth": ">50K", "at": 1795197600000, "received": 1795201200000}
    assert labelled_rows(adult.storage, "adult").truths == [">50K"]


async def test_one_bare_truth_is_taken_at_its_receipt(adult: Client) -> None:
    answer = await adult("truth", {"id": await an_id(adult), "truth": "<=50K"})
    assert answer.json["accepted"] == 1
    (record,) = adult.logged("truth")
    assert record["at"] == record["received"]


async def test_truth_by_business_key_labels_the_prediction_of_the_key(adult: Client) -> None:
    await adult("score", ROW | {KEY: "order-7"})
    assert (await adult("truth", {"key": "order-7", "truth": ">50K"})).json["accepted"] == 1
    assert labelled_rows(adult.storage, "adult").truths == [">50K"]


async def test_good_truths_are_taken_although_others_are_refused(adult: Client) -> None:
    good, other = await an_id(adult), adult.serving.ids.mint("bike", 1, 0)[0]
    forged = good[:-1] + ("0" if good[-1] != "0" else "1")
    truths: list[Any] = [
        {"id": good, "truth": ">50K"},
        {"id": "nonsense", "truth": ">50K"},
        {"id": forged, "truth": ">50K"},
        {"id": other, "truth": ">50K"},
        {"id": 7, "truth": ">50K"},
        {"id": good, "truth": ">60K"},
        {"id": good, "truth": None},
        {"id": good},
        {"id": good, "truth": ">50K", "at": "yesterday"},
        {"id": good, "truth": ">50K", "at": "2026-12-24T00:00:00Z"},
        {"id": good, "truth": ">50K", "at": -1},
        {"id": good, "key": "order-7", "truth": ">50K"},
        {"truth": ">50K"},
        {"id": good, "truth": ">50K", "when": 1},
        {"key": [], "truth": ">50K"},
        "truth",
    ]
    answer = await adult("truth", {"truths": truths})
    assert answer.status == 200
    assert answer.json["accepted"] == 1 == len(adult.logged("truth"))
    reasons = {item["index"]: item["reason"] for item in answer.json["refused"]}
    assert list(reasons) == list(range(1, 16))
    expected = {
        1: "Expected a prediction id as /score gives them, got 'nonsense'",
        2: "Model 'adult' never gave the id",
        3: "Model 'adult' never gave the id",
        4: "Expected a prediction id as text, got a number",
        5: "Expected one of the classes '<=50K', '>50K' for 'income', got '>60K'",
        6: "Expected a value that is not missing for 'income', got None",
        7: "The field 'truth' is missing",
        8: "Expected an ISO 8601 time or epoch seconds in 'at', got 'yesterday'",
        9: "Expected an 'at' from 1970 to at most a day from now, got '2026-12-24T00:00:00Z'",
        10: "Expected an 'at' from 1970",
        11: "Expected either 'id' or 'key', got both",
        12: "Expected either 'id' or 'key', got neither",
        13: "Unknown field 'when'",
        14: "as the key, got a list",
        15: "Expected an object, got text",
    }
    for index, text in expected.items():
        assert text in reasons[index]


async def test_truth_of_a_regression_is_a_finite_number(call: Client) -> None:
    publish(call.core.registry, "v1", signature=REGRESSOR, key=None)
    identity = await an_id(call)
    truths = [{"id": identity, "truth": 3}, {"id": identity, "truth": "3"}, {"key": "a", "truth": 3}]
    answer = await call("truth", {"truths": truths})
    assert answer.json["accepted"] == 1
    reasons = [item["reason"] for item in answer.json["refused"]]
    assert reasons[0] == "Expected a number for 'pay', got '3'."
    assert reasons[1] == "Model 'adult' has no business key (columns.key in its spec). Send ids."


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "expected a JSON body, got an empty one"),
        (b"[]", 400, "expected a JSON object, got a list"),
        ({"truths": []}, 400, "Field 'truths': expected a list of truths, got an empty list"),
        ({"truths": {}}, 400, "Field 'truths': expected a list of truths, got an object"),
        ({"truths": [1], "model": "x"}, 400, "Field 'model': expected nothing beside truths"),
        ({"truths": [{}] * 101}, 413, "Expected at most 100 truths in one request, got 101"),
    ],
)
async def test_body_that_is_no_truths_is_told_why(adult: Client, body: Any, status: int, message: str) -> None:
    answer = await adult("truth", body)
    assert answer.status == status
    assert message in answer.json["detail"]


async def test_truth_is_not_acknowledged_while_the_log_is_down(adult: Client) -> None:
    identity = await an_id(adult)

    def down(operation: str, container: str, name: str) -> None:
        raise Unavailable("Storage cannot be reached.")

    adult.storage.before = down
    answer = await adult("truth", {"id": identity, "truth": ">50K"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


async def test_many_truths_are_sorted_in_a_thread_to_the_same_receipt(adult: Client) -> None:
    identity = await an_id(adult)
    truths = [{"id": identity, "truth": ">50K"}] * 99 + [{"id": "x", "truth": "y" * 20_000}]
    answer = await adult("truth", orjson.dumps({"truths": truths}))
    assert answer.json["accepted"] == 99
    assert [item["index"] for item in answer.json["refused"]] == [99]


async def test_truth_for_an_unknown_model_is_not_found(adult: Client) -> None:
    assert (await adult("truth", {"id": "x", "truth": 1}, model="nobody")).status == 404
