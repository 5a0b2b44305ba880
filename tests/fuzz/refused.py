"""What a refused body has to be answered with, by whichever protocol."""

from __future__ import annotations

from typing import Any

import orjson

from tests.fuzz import documented, refusals
from tests.fuzz.broken import Broken, require
from tests.fuzz.sent import Answer, Sent
from tests.fuzz.tally import Tally

LONGEST_TEXT, LONGEST_ANSWER = 1_000, 100_000
"""Characters of any text of a refusal, and bytes of the whole of it: it must not repeat what was sent."""

MLFLOW_CODES = {404: "RESOURCE_DOES_NOT_EXIST", 503: "TEMPORARILY_UNAVAILABLE"}


def count(sent: Sent, answer: Answer, tally: Tally) -> None:
    """Judge and count a refusal. Raises Broken."""
    require(len(answer.body) <= LONGEST_ANSWER, "a refusal too long", answer)
    body: dict[str, Any] = orjson.loads(answer.body)
    media = "application/json" if sent.function == "v2_infer" else "application/problem+json"
    require(answer.headers["content-type"] == media, f"another type than {media}", answer)
    if sent.function == "v2_infer":
        require(list(body) == ["error"] and bool(body["error"]), "not the protocol's error", answer)
        require(len(body["error"]) <= LONGEST_TEXT, "a text too long", answer)
        tally.codes[_code(answer.status)] += 1
        _count_kinds(tally, lambda: {refusals.kind_of_message(body["error"])})
        return
    if sent.function == "invocations":
        require(body["error_code"] == MLFLOW_CODES.get(answer.status, "BAD_REQUEST"), "not MLflow's code", answer)
        body["error_code"] = _code(answer.status)
    code = body["error_code"]
    tally.codes[code] += 1
    require(documented.CODES.get(code) == answer.status == body["status"], "code and status apart", answer)
    require(bool(body["detail"]) and body["detail"] == body["message"] == body["error"], "no message", answer)
    _check_problems(answer, body.get("problems", []), code)
    _check_length(answer, body)
    _count_kinds(tally, lambda: set(refusals.kinds_of(body)))


def _check_problems(answer: Answer, problems: list[dict[str, Any]], code: str) -> None:
    require(bool(problems) == (code == "invalid_input") and len(problems) <= 100, "no problems", answer)
    for problem in problems:
        require(all(problem.get(name) for name in ("expected", "got", "remedy", "message")), "a part", answer)
        require(("column" in problem) != ("field" in problem), "neither column nor field", answer)
        is_of_row = "row" in problem or problem["got"] in ("an unknown column", "no such column")
        require("column" not in problem or is_of_row, "no row", answer)


def _check_length(answer: Answer, body: dict[str, Any]) -> None:
    texts = [body["detail"], *(value for problem in body.get("problems", []) for value in problem.values())]
    require(all(len(str(text)) <= LONGEST_TEXT for text in texts), "a text too long", answer)


def _code(status: int) -> str:
    """The error code behind a status of a protocol that has codes of its own, or none."""
    return next(code for code, each in documented.CODES.items() if each == status)


def _count_kinds(tally: Tally, found: Any) -> None:
    try:
        tally.kinds.update(found())
    except LookupError as error:
        raise Broken(str(error)) from error
