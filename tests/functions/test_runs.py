from __future__ import annotations

import base64
import hashlib
from typing import Any

import azure.functions as func
import orjson
import pytest

from automl.storage import CONTROL, RAW, Precondition
from functions import train
from tests.functions.conftest import Client

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def made(call: Client) -> Client:
    """A model with a spec and one committed upload."""
    await call("put_model", {"target": "income"})
    await call("put_block", b"age,income\n", upload="first", number="0")
    await call("put_block", b"1,a\n", upload="first", number="1")
    answer = await call("commit_upload", {"blocks": 2, "format": "csv"}, upload="first")
    assert answer.status == 200
    return call


async def test_blocks_become_one_table(made: Client) -> None:
    answer = await made("commit_upload", {"blocks": 2, "format": "csv"}, upload="first")
    blob = made.storage.get(RAW, "adult/first")
    assert blob is not None
    assert blob.data == b"age,income\n1,a\n"
    record = {"blob": "adult/first", "etag": blob.etag, "format": "csv", "size": 15, "blocks": 2, "sha256": None}
    record["at"] = "2026-11-20T16:00:00.000Z"
    assert answer.json == record
    assert (await made("get_upload", upload="first")).json == {"table": record, "blocks": {}}


async def test_upload_that_was_broken_off_tells_which_blocks_are_there(made: Client) -> None:
    await made("put_block", b"x\n", upload="second", number="0")
    await made("put_block", b"xyz\n", upload="second", number="11")
    answer = await made("get_upload", upload="second")
    assert answer.json == {"table": None, "blocks": {"0": 2, "11": 4}}


async def test_block_that_was_damaged_on_its_way_is_refused(made: Client) -> None:
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(b'whole').digest()).decode()}:"
    for headers, status in (
        ({"content-digest": digest}, 200),
        ({"content-digest": digest.replace("=:", "=:x")}, 400),
        ({"content-digest": "md5=:x:"}, 400),
    ):
        answer = await made("put_block", b"whole", upload="third", number="0", headers=headers)
        assert answer.status == status
    answer = await made("put_block", b"whale", upload="fourth", number="0", headers={"content-digest": digest})
    assert answer.status == 400
    assert "Send the block again." in answer.json["detail"]
    assert (await made("get_upload", upload="fourth")).json["blocks"] == {}


async def test_block_without_a_place_in_the_table_is_refused(made: Client) -> None:
    for number, status in (("-1", 400), ("50000", 413)):
        assert (await made("put_block", b"x", upload="third", number=number)).status == status
    assert (await made("get_upload", upload="third")).json["blocks"] == {}


async def test_hash_of_the_commit_goes_to_the_run_and_another_one_is_another_table(made: Client) -> None:
    await made("put_block", b"x\n", upload="second", number="0")
    order = {"blocks": 1, "format": "csv", "sha256": hashlib.sha256(b"x\n").hexdigest()}
    assert (await made("commit_upload", order, upload="second")).status == 200
    assert (await made("commit_upload", order | {"sha256": "0" * 64}, upload="second")).status == 409
    assert (await made("commit_upload", order | {"sha256": "x"}, upload="second")).status == 400
    run = (await made("train", {"upload": "second"})).json
    assert run["data"]["sha256"] == order["sha256"]


async def test_table_never_changes(made: Client) -> None:
    await made("put_block", b"other\n", upload="first", number="0")
    answer = await made("commit_upload", {"blocks": 1, "format": "csv"}, upload="first")
    assert answer.status == 409
    assert "choose another upload name" in answer.json["detail"]
    blob = made.storage.get(RAW, "adult/first")
    assert blob is not None
    assert blob.data == b"age,income\n1,a\n"


async def test_commit_whose_record_lost_its_answer_succeeds(made: Client) -> None:
    await made("put_block", b"x\n", upload="second", number="0")

    def lose(operation: str, container: str, name: str) -> None:
        if operation == "put" and name.endswith("uploads/second.json"):
            made.storage.before = lambda *_: None
            etag = "0x7"
            body = {"blob": "adult/second", "etag": etag, "format": "csv", "size": 2, "blocks": 1}
            made.storage.put(CONTROL, name, orjson.dumps(body))
            raise Precondition("the retry of a write that was applied")

    made.storage.before = lose
    assert (await made("commit_upload", {"blocks": 1, "format": "csv"}, upload="second")).json["etag"] == "0x7"


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        (("put_block", b"", {"upload": "u", "number": "0"}), 400, "expected bytes of a table, got none"),
        (("put_block", b"x" * 1001, {"upload": "u", "number": "0"}), 413, "at most 1000 bytes, got 1001"),
        (("put_block", b"x", {"upload": "u", "number": "50000"}), 413, "block number below 50000"),
        (("put_block", b"x", {"upload": "../u", "number": "0"}), 400, "Field 'upload': expected letters, digits"),
        (("put_block", b"x", {"upload": "u", "number": "0", "model": "no"}), 404, "There is no model 'no'"),
        (("commit_upload", {"blocks": 3, "format": "csv"}, {"upload": "u"}), 400, "expected 3 uploaded blocks"),
        (
            ("commit_upload", {"blocks": 0, "format": "xml"}, {"upload": "u"}),
            400,
            "'blocks': expected a whole number",
        ),
        (("commit_upload", {"blocks": 1, "format": "csv"}, {"upload": "a/b"}), 400, "Field 'upload'"),
        (("commit_upload", b"", {"upload": "u"}), 400, "expected a whole number from 1 to 50000, got nothing"),
        (("train", {"upload": "never"}, {}), 404, "Model 'adult' has no upload 'never'"),
        (("train", {}, {}), 400, "expected the name of an upload"),
        (("train", {"upload": "first", "epochs": 3}, {}), 400, "expected the name of an upload"),
        (("train", {"upload": "first"}, {"model": "no"}), 404, "There is no model 'no'"),
        (("get_run", b"", {"run": "never"}), 404, "Model 'adult' has no run 'never'"),
    ],
)
async def test_what_cannot_be_done_is_told_why(
    made: Client, asked: tuple[str, Any, dict[str, Any]], status: int, message: str
) -> None:
    function, body, route = asked
    answer = await made(function, body, **route)
    assert answer.status == status
    assert message in answer.json["detail"]


async def test_train_answers_with_a_run_to_follow_and_puts_one_message_on_the_queue(made: Client) -> None:
    answer = await made("train", {"upload": "first"}, headers={"traceparent": TRACE})
    run = answer.json
    assert (answer.status, run["status"]) == (202, "queued")
    assert answer.headers["location"] == f"/models/adult/runs/{run['id']}"
    assert run["data"]["blob"] == "adult/first"
    (message,) = made.storage.queues["train"]
    assert orjson.loads(message) == {"kind": "train", "model": "adult", "run_id": run["id"], "traceparent": TRACE}
    assert (await made("get_run", run=run["id"])).json == run
    assert (await made("list_runs")).json == {"runs": [run]}


async def test_repeated_request_of_one_idempotency_key_is_one_run(made: Client) -> None:
    runs = []
    for _ in range(3):
        answer = await made("train", {"upload": "first"}, headers={"idempotency-key": "k"})
        runs.append(answer.json["id"])
        made.clock.advance(minutes=5)
    other = await made("train", {"upload": "first"}, headers={"idempotency-key": "other"})
    assert len(set(runs)) == 1
    assert other.json["id"] != runs[0]
    assert len(made.storage.queues["train"]) == 2


async def test_requests_without_a_key_are_runs_of_their_own(made: Client) -> None:
    first = await made("train", {"upload": "first"})
    second = await made("train", {"upload": "first"})
    assert first.json["id"] != second.json["id"]


async def test_monitor_pass_is_asked_for_through_the_queue(made: Client) -> None:
    assert (await made("get_monitor")).status == 404
    answer = await made("ask_monitor")
    identity = answer.json["id"]
    assert (answer.status, answer.json["status"]) == (202, "asked")
    assert answer.headers["location"] == f"/models/adult/monitor/passes/{identity}"
    order = {"kind": "monitor", "model": "adult", "asked": identity}
    assert orjson.loads(made.storage.queues["train"][-1]) == order
    assert (await made("get_asked_pass", asked=identity)).json == answer.json
    train.work_on_queue._function.get_user_function()(message=func.QueueMessage(body=orjson.dumps(order)))
    assert (await made("get_asked_pass", asked=identity)).json["status"] == "done"
    assert (await made("get_asked_pass", asked="20261120T160000Z-00000000")).status == 404


async def test_reproduction_of_a_version_is_a_run_of_its_own_asked_for_once_a_key(adult: Client) -> None:
    registry = adult.core.registry
    data = {"blob": "b", "dataset": {"table": "lake/adult/dataset", "version": 1, "rows": 3}}
    registry.publish("adult", "v2", {}, {"run_id": "r", "data": data})
    headers = {"idempotency-key": "k"}
    answer = await adult("reproduce", version="v2", headers=headers)
    assert answer.status == 202
    assert answer.headers["location"] == f"/models/adult/runs/{answer.json['id']}"
    assert (answer.json["reproduces"], answer.json["cause"]["kind"]) == ("v2", "request")
    adult.clock.advance(minutes=1)
    assert (await adult("reproduce", version="v2", headers=headers)).json["id"] == answer.json["id"]
    assert len(adult.storage.queues["train"]) == 1


async def test_version_that_cannot_be_reproduced_is_refused_with_the_reason(adult: Client) -> None:
    lost = {"data": {"dataset": {"reason": "EVERGREEN_LAKE is off"}}}
    adult.core.registry.publish("adult", "v2", {}, {"run_id": "r", **lost})
    answer = await adult("reproduce", version="v2")
    assert (answer.status, answer.json["error_code"]) == (409, "conflict")
    assert "its rows were not kept (EVERGREEN_LAKE is off)" in answer.json["detail"]
    assert (await adult("reproduce", version="v1")).status == 409
    assert (await adult("reproduce", version="v9")).status == 404
    assert not adult.storage.queues
