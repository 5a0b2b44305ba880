"""The short form: a few thousand bodies, always the same, and proof that the oracle would notice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.fuzz import documented, forms
from tests.fuzz.broken import Broken
from tests.fuzz.oracle import check, judge
from tests.fuzz.requests import request
from tests.fuzz.sent import Answer, Sent
from tests.fuzz.structured import CROWDS, crowds
from tests.fuzz.tally import Tally
from tests.fuzz.world import World, world
from tests.support.models import ROW

STEP = sum(CROWDS)
BODIES = 70 * STEP
REMEMBERED = 4_096
"""Most texts that a parser may remember (`automl.parsing`)."""


@pytest.fixture(scope="module")
def process() -> Iterator[World]:
    with world() as running:
        yield running


def test_every_body_gets_a_documented_answer_and_every_refusal_is_reached(process: World) -> None:
    tally = Tally()
    for start in range(0, BODIES, STEP):
        for crowd in crowds(range(start, start + STEP)):
            check(process, [request(0, number) for number in crowd], tally)
    assert tally.missing() == []
    assert tally.tried == BODIES
    assert tally.compared > 100
    assert process.storage.records > 100
    assert process.serving.predictions.lost == 0


def test_what_a_parser_remembers_is_bounded_whatever_is_sent(process: World) -> None:
    for start in range(0, 2 * REMEMBERED, 20):
        rows = [ROW | {"job": f"job {start + number}"} for number in range(20)]
        body = orjson.dumps({"instances": rows})
        [answer] = process.send(Sent(model="adult", body=body, plain=body))
        assert answer.status == 200
    parser = process.serving.champions.get("adult").parser
    assert max(len(remembered) for remembered in parser._canonical) <= REMEMBERED


def test_a_request_is_made_of_its_seed_and_number_alone() -> None:
    assert [request(3, number) for number in range(50)] == [request(3, number) for number in range(50)]
    assert request(3, 1) != request(4, 1)


GOOD = orjson.dumps(ROW)
SENT = Sent(model="adult", body=GOOD, plain=GOOD)


def changed(answer: Answer, **fields: Any) -> Answer:
    return dataclasses.replace(answer, body=orjson.dumps(orjson.loads(answer.body) | fields))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"predictions": ["<=50K", "<=50K"]}, "not one id a row"),
        ({"predictions": ["<=60K"]}, "no class of the model"),
        ({"predictions": [">50K"]}, "not the most probable class"),
        ({"probabilities": [{"<=50K": 0.5, ">50K": 0.6}]}, "do not sum to 1"),
        ({"probabilities": [{"<=50K": 1.5, ">50K": -0.5}]}, "no probabilities"),
        ({"probabilities": [{"<=50K": 1.0}]}, "not one probability a class"),
        ({"version": "v2"}, "another model or version"),
        ({"prediction_ids": ["019a"], "predictions": ["<=50K"]}, "019a|prediction id"),
    ],
)
def test_the_oracle_notices_a_wrong_answer(process: World, fields: dict[str, Any], what: str) -> None:
    [answer] = process.send(SENT)
    judge(SENT, answer, Tally(), knows=process.serving.ids.check)
    with pytest.raises(Exception, match=what):
        judge(SENT, changed(answer, **fields), Tally(), knows=process.serving.ids.check)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"problems": []}, "no problems"),
        ({"detail": ""}, "no message"),
        ({"error_code": "too_large"}, "code and status apart"),
        ({"error_code": "internal_error"}, "code and status apart"),
        ({"detail": "x" * 2_000, "message": "x" * 2_000, "error": "x" * 2_000}, "a text too long"),
        ({"more": "x" * 200_000}, "a refusal too long"),
        (
            {"problems": [{"field": "body", "expected": "rain", "got": "sun", "remedy": "Wait.", "message": "?"}]},
            "kind",
        ),
        (
            {"problems": [{"column": "age", "expected": "rain", "got": "sun", "remedy": "Wait.", "message": "?"}]},
            "row",
        ),
        ({"problems": [{"field": "body", "expected": "rain", "got": "sun", "message": "?"}]}, "a part"),
    ],
)
def test_the_oracle_notices_a_wrong_refusal(process: World, fields: dict[str, Any], what: str) -> None:
    body = orjson.dumps(ROW | {"age": "forty"})
    sent = Sent(model="adult", body=body, plain=body)
    [answer] = process.send(sent)
    judge(sent, answer, Tally(), knows=process.serving.ids.check)
    with pytest.raises(Broken, match=what):
        judge(sent, changed(answer, **fields), Tally(), knows=process.serving.ids.check)


@pytest.mark.parametrize("status", [500, 502, 401, 418])
def test_the_oracle_notices_a_status_that_must_not_be(process: World, status: int) -> None:
    answer = dataclasses.replace(process.send(SENT)[0], status=status)
    with pytest.raises(Broken, match="a status that no document has"):
        judge(SENT, answer, Tally(), knows=process.serving.ids.check)


@pytest.mark.parametrize(
    "accepted", [b'{"age":1,"age":1}', b'{"age":NaN}', b'{"age":1e999}', b'{"job":"\\ud800"}', b"\xff", b"{"]
)
def test_the_oracle_notices_what_should_not_have_been_accepted(process: World, accepted: bytes) -> None:
    sent = Sent(model="adult", body=accepted, plain=accepted)
    with pytest.raises(Broken, match="accepted, and no strict JSON"):
        judge(sent, process.send(SENT)[0], Tally(), knows=process.serving.ids.check)


def test_the_oracle_notices_forms_that_are_answered_apart(process: World, monkeypatch: pytest.MonkeyPatch) -> None:
    body = orjson.dumps(ROW | {"age": 5})
    monkeypatch.setattr(forms, "records_of", lambda _: [{**ROW, "age": 99}])
    with pytest.raises(Broken, match="the same rows get another answer"):
        check(process, [Sent(model="adult", body=body, plain=body)], Tally())


def test_a_run_that_reached_too_little_says_what() -> None:
    missing = Tally(tried=100, accepted=19).missing()
    assert "error code too_large was never reached" in missing
    assert "refusal 'depth' was never reached" in missing
    assert "form 'csv' was never accepted" in missing
    assert "19 of 100 accepted, fewer than 20%" in missing


def test_the_documented_codes_are_those_of_scoring() -> None:
    assert documented.CODES == {
        "invalid_input": 400,
        "not_found": 404,
        "too_large": 413,
        "unsupported_media_type": 415,
        "unavailable": 503,
    }
