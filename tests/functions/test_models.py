from __future__ import annotations

import asyncio
from typing import Any

import azure.functions as func
import pytest

from functions import train
from tests.functions.conftest import Client
from tests.support.models import KEY, ROW, publish


async def test_spec_is_stored_and_shown_with_its_defaults(call: Client) -> None:
    put = await call("put_model", {"target": "income"})
    assert put.status == 200
    got = await call("get_model")
    assert got.json == put.json
    assert (got.json["name"], got.json["search"]["time_budget"]) == ("adult", 60.0)
    assert (await call("list_models")).json == {"models": ["adult"]}


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ({}, "adult", "Field 'target': expected the name of the column to predict, got nothing"),
        ({"target": "x", "serach": {}}, "adult", "Did you mean 'search'?"),
        ({"target": "x", "name": "bike"}, "adult", "Field 'name': expected 'adult', got 'bike'"),
        ({"target": "x"}, "Adult", "Field 'name': expected a small letter, then"),
        ({"target": "x"}, "../x", "Field 'name': expected a small letter, then"),
        (b"{", "adult", "Field 'body': expected JSON"),
        (b"[]", "adult", "expected a JSON object, got a list"),
    ],
)
async def test_spec_that_cannot_be_used_is_told_why(call: Client, body: Any, name: str, message: str) -> None:
    answer = await call("put_model", body, model=name)
    assert answer.status == 400
    assert message in answer.json["detail"]
    assert (await call("list_models")).json == {"models": []}


async def test_versions_are_listed_newest_first_and_described(adult: Client) -> None:
    publish(adult.core.registry, "v2")
    assert (await adult("list_versions")).json == {"versions": ["v2", "v1"]}
    version = (await adult("get_version", version="v1")).json
    assert version["manifest"]["version"] == "v1"
    assert version["metrics"]["metric"] == "roc_auc"
    assert [feature["name"] for feature in version["signature"]["features"]] == ["age", "job", "since", "member"]
    missing = await adult("get_version", version="v9")
    assert (missing.status, "no version 'v9'" in missing.json["detail"]) == (404, True)


async def test_promoted_challenger_answers_after_a_look_and_rollback_brings_the_old_one_back(adult: Client) -> None:
    publish(adult.core.registry, "v2", bias=5.0)
    assert (await adult("score", ROW)).json["version"] == "v1"
    adult.clock.advance(hours=1)
    promoted = await adult("promote", {"reason": "It is better."})
    assert promoted.json["champion"] == "v2"
    assert promoted.json["event"]["text"] == "It is better."
    adult.serving.champions.look("adult")
    answer = (await adult("score", ROW)).json
    assert (answer["version"], answer["predictions"]) == ("v2", [">50K"])
    adult.clock.advance(hours=1)
    assert (await adult("rollback")).json["champion"] == "v1"
    adult.serving.champions.look("adult")
    assert (await adult("score", ROW)).json["version"] == "v1"
    events = (await adult("list_events")).json["events"]
    assert [event["kind"] for event in events] == ["registered", "registered", "promoted", "rolled-back"]


async def test_champion_of_a_past_moment_is_known(adult: Client) -> None:
    publish(adult.core.registry, "v2")
    adult.clock.advance(hours=1)
    await adult("promote")
    now = (await adult("champion")).json
    assert (now["champion"], now["previous"], now["challenger"]) == ("v2", "v1", None)
    for at, version in (
        ("2026-11-20T16:30:00Z", "v1"),
        ("2026-11-20T17:30:00", "v2"),
        ("2026-11-20T18:30:00 01:00", "v2"),
    ):
        assert (await adult("champion", query={"at": at})).json["champion"] == version
    assert (await adult("champion", query={"at": "2020-01-01"})).status == 404
    bad = await adult("champion", query={"at": "noon"})
    assert (bad.status, "expected an ISO 8601 time, got 'noon'" in bad.json["detail"]) == (400, True)


async def test_what_cannot_be_promoted_is_a_conflict(adult: Client) -> None:
    assert (await adult("promote")).status == 409
    assert (await adult("promote", {"version": "v1"})).status == 409
    assert (await adult("promote", {"version": "v9"})).status == 404
    assert (await adult("rollback")).status == 409
    bad = await adult("promote", {"versoin": "v1", "reason": 7})
    assert [problem["field"] for problem in bad.json["problems"]] == ["versoin", "reason"]


@pytest.mark.parametrize(
    "function", ["get_model", "list_versions", "list_runs", "list_events", "get_monitor", "ask_monitor"]
)
async def test_unknown_model_is_not_found_anywhere(adult: Client, function: str) -> None:
    answer = await adult(function, model="nobody")
    assert answer.status == 404
    assert answer.json["detail"].startswith("There is no model 'nobody'.")


async def test_swap_in_mid_flight_mixes_no_versions(adult: Client) -> None:
    publish(adult.core.registry, "v2", bias=5.0)
    await adult("score", ROW)
    requests = [asyncio.create_task(adult("score", {"instances": [ROW] * 3})) for _ in range(20)]
    await asyncio.sleep(0)  # each has its session now and waits for the log
    await adult("promote")
    adult.serving.champions.look("adult")
    requests += [asyncio.create_task(adult("score", {"instances": [ROW] * 3})) for _ in range(20)]
    seen = {(answer.json["version"], *answer.json["predictions"]) for answer in await asyncio.gather(*requests)}
    assert seen == {("v1", "<=50K", "<=50K", "<=50K"), ("v2", ">50K", ">50K", ">50K")}


@pytest.mark.parametrize("name", ["../v1", "v1/..", "", "a" * 81, "v1\n"])
async def test_name_no_version_or_run_can_have_is_unknown_and_nothing_is_read(adult: Client, name: str) -> None:
    read: list[str] = []
    adult.storage.before = lambda operation, *_: read.append(operation)
    assert (await adult("get_version", version=name)).status == 404
    assert (await adult("get_run", run=name)).status == 404
    assert (await adult("promote", {"version": name})).status == 404
    assert read == []


async def test_deleted_model_is_unknown_once_it_is_looked_at_and_its_name_is_free_once_it_is_swept(
    adult: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await adult("score", ROW)).status == 200
    answer = await adult("delete_model")
    assert (answer.status, answer.json["model"]) == (202, "adult")
    adult.serving.champions.look("adult")
    assert (await adult("score", ROW)).status == 404
    again = await adult("put_model", {"target": "income"})
    assert (again.status, "is being removed" in again.json["detail"]) == (409, True)
    (message,) = adult.storage.queues[adult.core.settings.train_queue]
    monkeypatch.setattr("time.sleep", lambda _: None)
    train.work_on_queue._function.get_user_function()(func.QueueMessage(body=message.encode()))
    assert (await adult("list_models")).json == {"models": []}
    assert (await adult("delete_model")).status == 404
    assert (await adult("put_model", {"target": "income"})).status == 200


async def test_file_of_a_version_is_given_as_it_was_published(adult: Client) -> None:
    stored = adult.core.registry.file("adult", "v1", "model.onnx")
    assert (await adult("get_file", version="v1", file="model.onnx")).body == stored
    manifest = (await adult("get_file", version="v1", file="manifest.json")).body
    there = adult.storage.get("models", "adult/v1/manifest.json")
    assert there is not None
    assert manifest == there.data
    for name in ("../v1/model.onnx", "secret", ""):
        assert (await adult("get_file", version="v1", file=name)).status == 404


async def test_a_column_that_the_model_does_not_read_cannot_be_redacted(adult: Client) -> None:
    body = {"target": "income", "columns": {"key": KEY}, "monitor": {"redact": ["jobb"]}}
    answer = await adult("put_model", body)
    assert answer.status == 400
    assert "Did you mean 'job'?" in answer.json["detail"]


async def test_redacted_key_and_column_reach_neither_log(adult: Client) -> None:
    await adult("score", ROW | {KEY: "A-1"})
    body = {"target": "income", "columns": {"key": KEY}, "monitor": {"redact": ["job", KEY]}}
    assert (await adult("put_model", body)).status == 200
    adult.serving.champions.look("adult")
    await adult("score", ROW | {KEY: "A-2"})
    before, after = adult.logged()
    assert (before["key"], before["features"]["job"]) == ("A-1", "clerk")
    assert ("key" in after, "job" in after["features"]) == (False, False)
    truths = {"truths": [{"key": "A-2", "truth": ">50K"}, {"id": after["id"], "truth": ">50K"}]}
    receipt = (await adult("truth", truths)).json
    assert receipt["accepted"] == 1
    assert receipt["refused"][0]["reason"] == ("The keys of model 'adult' are not logged (monitor.redact). Send ids.")
