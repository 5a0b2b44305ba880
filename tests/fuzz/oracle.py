"""What every answer has to be, whatever was asked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from tests.fuzz import documented, forms, refusals
from tests.fuzz.sent import Answer, Sent
from tests.fuzz.tally import Tally
from tests.fuzz.world import SIGNATURES, World

LONGEST_TEXT, LONGEST_ANSWER = 1_000, 100_000
"""Characters of any text of a refusal, and bytes of the whole of it: it must not repeat what was sent."""

SUM_WITHIN = 1e-9


class Broken(AssertionError):
    """An answer that must not be."""


def check(world: World, crowd: Sequence[Sent], tally: Tally, *, is_compared: bool = True) -> None:
    """Send requests in one turn of the event loop, judge their answers and count them.

    Parameters
    ----------
    is_compared
        Whether the rows of the first, if it was accepted, are sent in other forms, too.

    Raises
    ------
    Broken
        Saying what is wrong with the answer to which body.
    """
    answers = world.send(*crowd)
    for sent, answer in zip(crowd, answers, strict=True):
        try:
            judge(sent, answer, tally, knows=world.serving.ids.check)
        except Exception as error:
            raise Broken(f"{error}\n  model {sent.model}, {dict(sent.headers)}: {sent.plain[:2_000]!r}") from error
    if is_compared and answers[0].status == 200:
        _compare(world, crowd[0], answers[0], tally)


def judge(sent: Sent, answer: Answer, tally: Tally, *, knows: Callable[[str, str], object]) -> None:
    """Judge and count an answer.

    Parameters
    ----------
    knows
        Raises for a prediction id that was not given out for a model.
    """
    tally.tried += 1
    tally.statuses[str(answer.status)] += 1
    if answer.status not in documented.statuses(sent.function):
        raise Broken(f"a status that no document has: {answer.status} {answer.body[:300]!r}")
    if sent.status not in (None, answer.status):
        raise Broken(f"expected status {sent.status}, got {answer.status} {answer.body[:500]!r}")
    if answer.status == 200:
        tally.accepted += 1
        tally.forms[_accepted(sent, answer, knows)] += 1
    else:
        _refused(answer, tally)


def _accepted(sent: Sent, answer: Answer, knows: Callable[[str, str], object]) -> str:
    """The form of an accepted body, once its answer is in order."""
    _require(answer.headers["content-type"] == "application/json", "another type than JSON", answer)
    body = orjson.loads(answer.body)
    predictions, ids = body["predictions"], body["prediction_ids"]
    _require(body["model"] == sent.model and body["version"] == "v1", "another model or version", answer)
    _require(len(ids) == len(set(ids)) == len(predictions) > 0, "not one id a row", answer)
    for identity in ids:
        knows(sent.model, identity)
    signature = SIGNATURES[sent.model]
    if signature.classes:
        _require(set(predictions) <= set(signature.classes), "no class of the model", answer)
        for row, label in zip(body["probabilities"], predictions, strict=True):
            _require(set(row) == set(signature.classes), "not one probability a class", answer)
            _require(all(0 <= share <= 1 for share in row.values()), "no probabilities", answer)
            _require(abs(sum(row.values()) - 1) <= SUM_WITHIN, "probabilities that do not sum to 1", answer)
            _require(row[label] == max(row.values()), "not the most probable class", answer)
    else:
        _require("probabilities" not in body, "probabilities of a regression", answer)
        _require(all(isinstance(one, float) and math.isfinite(one) for one in predictions), "not finite", answer)
    if sent.media == "text/csv":
        return "csv"
    value = _strictly(sent.plain)
    _require(len(forms.records_of(value)) == len(predictions), "not one answer a row", answer)
    return forms.form_of(value)


def _refused(answer: Answer, tally: Tally) -> None:
    _require(answer.headers["content-type"] == "application/problem+json", "no problem+json", answer)
    _require(len(answer.body) <= LONGEST_ANSWER, "a refusal too long", answer)
    body = orjson.loads(answer.body)
    code = body["error_code"]
    tally.codes[code] += 1
    _require(documented.CODES.get(code) == answer.status == body["status"], "code and status apart", answer)
    _require(bool(body["detail"]) and body["detail"] == body["message"] == body["error"], "no message", answer)
    problems = body.get("problems", [])
    _require(bool(problems) == (code == "invalid_input") and len(problems) <= 100, "no problems", answer)
    for problem in problems:
        _require(all(problem.get(name) for name in ("expected", "got", "remedy", "message")), "a part", answer)
        _require(("column" in problem) != ("field" in problem), "neither column nor field", answer)
        _require("column" not in problem or "row" in problem or problem["got"] == "an unknown column", "row", answer)
    for text in (body["detail"], *(value for problem in problems for value in problem.values())):
        _require(len(str(text)) <= LONGEST_TEXT, "a text too long", answer)
    try:
        tally.kinds.update(set(refusals.kinds_of(body)))
    except LookupError as error:
        raise Broken(str(error)) from error


def _compare(world: World, sent: Sent, answer: Answer, tally: Tally) -> None:
    """Send the rows of an accepted JSON body in another form: the answer must be the same to the last bit."""
    if sent.media == "text/csv":
        return
    value = _strictly(sent.plain)
    records = forms.records_of(value)
    usual = forms.form_of(value)
    others = [form for form in forms.JSON_FORMS if form != usual]
    bodies = {others[tally.compared % len(others)]: "application/json"}
    if all(map(forms.is_same_in_csv, records)):
        bodies["csv"] = "text/csv"
    for form, media in bodies.items():
        text = forms.as_csv(records) if form == "csv" else json.dumps(forms.body(form, records))
        plain = text.encode()
        if len(plain) > world.serving.core.settings.max_body_bytes:
            continue
        [again] = world.send(Sent(model=sent.model, body=plain, plain=plain, headers={"content-type": media}))
        if again.status != 200 or _answers(again) != _answers(answer):
            raise Broken(f"as {form} the same rows get another answer: {again.body[:300]!r} for {plain[:300]!r}")
        tally.compared += 1


def _answers(answer: Answer) -> tuple[Any, Any]:
    body = orjson.loads(answer.body)
    return body["predictions"], body.get("probabilities")


def _strictly(body: bytes) -> Any:
    """A JSON value as the standard library reads it, without what RFC 8259 leaves open. Raises Broken."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # refuses halves of surrogate pairs
    except RecursionError:
        return orjson.loads(body)  # deeper than the standard library reads
    except ValueError as error:
        raise Broken(f"accepted, and no strict JSON: {error}") from error
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError("a number beyond float64")
    return value


def _require(holds: bool, what: str, answer: Answer) -> None:
    if not holds:
        raise Broken(f"{what}: {answer.status} {answer.body[:500]!r}")
