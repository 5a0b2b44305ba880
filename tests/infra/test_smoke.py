"""The smoke test of a deployment passes when every champion scores, and fails otherwise."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from automl.signature import Signature
from infra.azd.arm import HookError
from infra.smoke.score import score_all
from tests.functions.conftest import Client

URL = "https://app"


class Over:
    """Answers the smoke test's requests by the functions of a process in memory."""

    def __init__(self) -> None:
        self.status = "ready"
        self.models = ["adult", "unborn"]
        self.scored: list[Any] = []
        self.signature: Any = {}
        self.predictions: list[Any] = [">50K"]

    def __call__(self, method: str, url: str, body: Any = None, headers: Any = None) -> Any:
        path = url.removeprefix(URL)
        assert path == "/health/ready" or headers == {"x-functions-key": "k"}
        if path == "/models/unborn/champion":
            raise HookError("404")
        if path.endswith("/score"):
            assert method == "POST"
            self.scored.append(body)
        return {
            "/health/ready": {"status": self.status, "reasons": ["Storage is down."]},
            "/models": {"models": self.models},
            "/models/adult/champion": {"champion": "v1"},
            "/models/adult/versions/v1": {"signature": self.signature},
            "/models/adult/score": {"predictions": self.predictions, "version": "v1"},
        }[path]


@pytest.fixture
def over(adult: Client) -> Over:
    made = Over()
    made.signature = adult.core.registry.manifest("adult", "v1").get("signature") or signature(adult).to_json()
    return made


def signature(adult: Client) -> Signature:
    return Signature.from_json(orjson.loads(adult.core.registry.file("adult", "v1", "signature.json")))


async def test_row_that_is_scored_is_one_the_model_takes(over: Over, adult: Client) -> None:
    assert "adult v1" in score_all(URL, "k", over)
    [body] = over.scored
    answer = await adult("score", body)
    assert answer.status == 200


def test_app_that_is_not_ready_fails(over: Over) -> None:
    over.status = "degraded"
    with pytest.raises(HookError, match="Storage is down"):
        score_all(URL, "k", over)


def test_app_without_models_passes(over: Over) -> None:
    over.models = []
    assert "no champion yet" in score_all(URL, "k", over)


def test_score_without_a_prediction_fails(over: Over) -> None:
    over.predictions = []
    with pytest.raises(HookError, match="one prediction"):
        score_all(URL, "k", over)
