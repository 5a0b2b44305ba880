"""A share of the requests is answered by the challenger: the same key by the same version, and the log says which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl import spec
from automl.scoring.trial import Trial
from automl.spec_sections import Promotion
from automl.telemetry.metrics import SCORE_DECLINED
from tests.functions.conftest import Client
from tests.support.models import CLASSIFIER, KEY, ROW, publish

SHARE = 0.4


@pytest.fixture
def shared(adult: Client) -> Client:
    """A champion `v1` and a challenger `v2` (which answers `>50K` to all) with a share of the requests."""
    publish(adult.core.registry, "v2", bias=50.0)
    give(adult, SHARE)
    return adult


def give(client: Client, share: float) -> None:
    wanted = spec.load(client.storage, "adult")
    spec.save(client.storage, replace(wanted, promotion=Promotion(share=share)))
    client.serving.champions.get("adult")
    client.serving.champions.look("adult")


def by_key(share: float = SHARE, version: str = "v2") -> dict[str, list[str]]:
    """Some keys of the champion's and of the challenger's."""
    trial = Trial(model="adult", version=version, share=share, cached=lambda: None)
    found: dict[str, list[str]] = {"v1": [], "v2": []}
    for number in range(40):
        found["v2" if trial.takes(f"o-{number}") else "v1"].append(f"o-{number}")
    return found


async def versions(client: Client, rows: list[dict[str, Any]], **more: Any) -> str:
    return str((await client("score", {"instances": rows}, **more)).json["version"])


async def test_each_key_is_answered_by_its_version_every_time(shared: Client) -> None:
    for version, keys in by_key().items():
        for key in keys[:5] * 2:
            answer = (await shared("score", ROW | {KEY: key})).json
            assert (answer["version"], answer["predictions"]) == (version, [">50K" if version == "v2" else "<=50K"])


async def test_the_log_tells_who_answered_and_truth_is_accepted_for_it(shared: Client) -> None:
    key = by_key()["v2"][0]
    answer = (await shared("score", ROW | {KEY: key})).json
    (record,) = shared.logged()
    assert (record["version"], record["role"], record["key"]) == ("v2", "challenger", key)
    assert record["id"] == answer["prediction_ids"][0]
    told = (await shared("truth", {"truths": [{"id": record["id"], "truth": ">50K"}]})).json
    assert told["accepted"] == 1
    await shared("score", ROW | {KEY: by_key()["v1"][0]})
    assert [record["role"] for record in shared.logged()] == ["challenger", "champion"]


async def test_rows_of_one_key_are_answered_together_and_rows_of_several_by_the_champion(shared: Client) -> None:
    first, second = by_key()["v2"][:2]
    assert await versions(shared, [ROW | {KEY: first}] * 2) == "v2"
    assert await versions(shared, [ROW | {KEY: first}, ROW | {KEY: second}]) == "v1"


async def test_without_a_key_the_session_decides(shared: Client) -> None:
    for version, names in by_key().items():
        for name in names[:3]:
            assert await versions(shared, [ROW], headers={"x-session-id": name}) == version


async def test_without_key_and_session_about_the_share_goes_to_the_challenger(shared: Client) -> None:
    found = [await versions(shared, [ROW]) for _ in range(200)]
    assert 40 <= found.count("v2") <= 120  # 80 expected, beyond five standard deviations otherwise


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_pinned_version_is_never_rerouted(shared: Client, version: str) -> None:
    for keys in by_key().values():
        assert await versions(shared, [ROW | {KEY: keys[0]}], headers={"x-model-version": version}) == version
    assert {record["role"] for record in shared.logged()} == {"champion"}


async def test_other_protocols_share_out_alike(shared: Client) -> None:
    name = by_key()["v2"][0]
    answer = await shared("invocations", {"dataframe_records": [ROW]}, headers={"x-session-id": name})
    assert answer.json["version"] == "v2"
    columns = [
        {"name": "age", "datatype": "FP64", "shape": [1], "data": [39.0]},
        {"name": "job", "datatype": "BYTES", "shape": [1], "data": ["clerk"]},
        {"name": "since", "datatype": "FP64", "shape": [1], "data": [0.0]},
        {"name": "member", "datatype": "BOOL", "shape": [1], "data": [True]},
    ]
    inferred = await shared("v2_infer", {"inputs": columns}, headers={"x-session-id": name})
    assert inferred.json["model_version"] == "v2"


async def test_a_large_request_is_shared_out_alike(shared: Client) -> None:
    for version, keys in by_key().items():
        assert await versions(shared, [ROW | {KEY: keys[0]}] * 90) == version


async def test_what_the_challenger_cannot_read_the_champion_answers(adult: Client) -> None:
    publish(adult.core.registry, "v2", signature=replace(CLASSIFIER, ignored={KEY: "the business key"}))
    give(adult, SHARE)
    key = by_key()["v2"][0]
    assert await versions(adult, [ROW | {KEY: key}]) == "v2"
    assert await versions(adult, [ROW | {KEY: key, "fnlwgt": 7}]) == "v1"
    wrong = await adult("score", ROW | {KEY: key, "age": "old"})
    assert wrong.status == 400
    points = adult.core.telemetry.meter.take()
    assert [(point.dimensions, point.total) for point in points if point.metric is SCORE_DECLINED] == [
        (("adult",), 1)
    ]


async def test_with_no_share_any_more_the_champion_answers_all(shared: Client) -> None:
    give(shared, 0.0)
    assert await versions(shared, [ROW | {KEY: by_key()["v2"][0]}]) == "v1"
