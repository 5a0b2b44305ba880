from __future__ import annotations

import logging
from typing import Any

import azure.functions as func
import orjson
import pytest

from automl import errors
from automl.errors import EvergreenError
from functions.http import STATUS, endpoint
from functions.logs import OneLine
from tests.functions.conftest import Client
from tests.support.models import ROW


def request(**headers: str) -> func.HttpRequest:
    return func.HttpRequest(
        "GET", "http://localhost/x", headers={k.replace("_", "-"): v for k, v in headers.items()}, body=b""
    )


@endpoint
def broken(req: func.HttpRequest) -> Any:
    raise RuntimeError(f"secret\nERROR forged {req.headers.get('x-evil')}")


def test_fault_of_ours_answers_with_an_id_only_and_logs_the_rest_on_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = broken(request(x_request_id="abc-1"))
    body = orjson.loads(response.get_body())
    assert (response.status_code, response.mimetype) == (500, "application/problem+json")
    assert "abc-1" in body["detail"]
    assert "secret" not in response.get_body().decode()
    (record,) = caplog.records
    message = record.getMessage()
    assert "abc-1" in message
    assert "secret\\nERROR forged" in message
    assert "\n" not in message
    assert record.exc_info is None


def test_every_error_that_a_caller_can_cause_has_a_status() -> None:
    raised = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EvergreenError)}
    assert raised - {EvergreenError} <= STATUS.keys()


async def test_problem_has_the_fields_of_rfc_9457_and_of_other_clients(adult: Client) -> None:
    answer = await adult("score", b"")
    assert set(answer.json) == {
        "type", "title", "status", "detail", "error", "error_code", "message", "problems",
    }  # fmt: skip
    assert (answer.json["type"], answer.json["title"], answer.json["status"]) == ("about:blank", "Bad Request", 400)
    assert answer.json["detail"] == answer.json["error"] == answer.json["message"]
    assert answer.json["error_code"] == "invalid_input"


async def test_ids_of_the_caller_come_back(adult: Client) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for body in (ROW, b"bad"):
        answer = await adult("score", body, headers={"x-request-id": "mine-7", "traceparent": trace})
        assert (answer.headers["x-request-id"], answer.headers["traceparent"]) == ("mine-7", trace)


@pytest.mark.parametrize("given", ["", "a b", "a\r\nset-cookie: x", "x" * 129, "é"])
async def test_id_that_could_forge_a_header_is_replaced(adult: Client, given: str) -> None:
    answer = await adult("score", ROW, headers={"x-request-id": given, "traceparent": given})
    assert len(answer.headers["x-request-id"]) == 32
    assert "traceparent" not in answer.headers


def test_log_lines_cannot_be_forged() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "name %s", ("a\r\n2026 ERROR\u2028\x1b[31m",), None)
    OneLine().filter(record)
    assert record.getMessage() == "name a\\r\\n2026 ERROR\\u2028\\x1b[31m"
