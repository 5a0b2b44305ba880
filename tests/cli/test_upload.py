"""A file on its way to the server."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from cli import upload as uploading
from cli.api import Api
from cli.errors import Misuse, Refused
from cli.transport import Transport
from tests.cli.stand_in import Request, StandIn, problem

DATA = b"a,b\n" + b"1,2\n" * 30
BLOCKS = [DATA[start : start + 40] for start in range(0, len(DATA), 40)]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(uploading, "BLOCK_BYTES", 40)
    path = tmp_path / "t.csv"
    path.write_bytes(DATA)
    return path


def send(server: StandIn, path: Path, moved: Any = lambda *_: None) -> str:
    with Api(Transport(server.url, None)) as api:
        return uploading.upload(api, "t", path, moved)


def sent(server: StandIn) -> dict[int, bytes]:
    return {int(item.path.rpartition("/")[2]): item.body for item in server.asked("PUT .*/data/.*")}


def test_blocks_carry_their_digest_and_the_commit_the_hash_of_all(server: StandIn, table: Path) -> None:
    told: list[tuple[int, int]] = []
    send(server, table, lambda done, size: told.append((done, size)))
    assert sent(server) == dict(enumerate(BLOCKS))
    for item in server.asked("PUT .*/data/.*"):
        own = base64.b64encode(hashlib.sha256(item.body).digest()).decode()
        assert item.headers["content-digest"] == f"sha-256=:{own}:"
    order = server.asked("POST .*/commit")[0].json
    assert order == {"blocks": 4, "format": "csv", "sha256": hashlib.sha256(DATA).hexdigest()}
    assert told[0] == (40, 124)
    assert told[-1] == (124, 124)


def test_broken_off_upload_goes_on_with_the_blocks_that_are_missing(server: StandIn, table: Path) -> None:
    def refuse_the_third(request: Request) -> Any:
        return problem(500, "internal_error", "Broken.") if request.path.endswith("/2") else {}

    server.on("PUT /models/t/data/[^/]+/[0-9]+", refuse_the_third)
    with pytest.raises(Refused):
        send(server, table)
    first = sent(server)
    server.requests.clear()
    server.on("PUT /models/t/data/[^/]+/[0-9]+", {})
    server.on("GET /models/t/data/[^/]+", {"table": None, "blocks": {"0": 40, "1": 40}})
    send(server, table)
    assert sorted(first) == [0, 1, 2]
    assert sorted(sent(server)) == [2, 3]


def test_block_of_another_size_is_sent_again(server: StandIn, table: Path) -> None:
    server.on("GET /models/t/data/[^/]+", {"table": None, "blocks": {"0": 40, "1": 39, "9": 40}})
    send(server, table)
    assert sorted(sent(server)) == [1, 2, 3]


def test_table_that_is_there_is_not_sent_again(server: StandIn, table: Path) -> None:
    server.on("GET /models/t/data/[^/]+", {"table": {"blob": "b"}, "blocks": {}})
    send(server, table)
    assert sent(server) == {}
    assert len(server.asked("POST .*/commit")) == 1


def test_equal_files_have_one_name_and_others_another(server: StandIn, table: Path, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.csv", tmp_path / "other.csv"
    copy.write_bytes(DATA)
    other.write_bytes(DATA + b"3,4\n")
    assert send(server, table) == send(server, copy) != send(server, other)


def test_file_that_changes_while_it_is_sent_becomes_no_table(server: StandIn, table: Path) -> None:
    def change(_: Request) -> Any:
        table.write_bytes(DATA + b"9,9\n")
        return {}

    server.on("PUT /models/t/data/[^/]+/0", change)
    with pytest.raises(Misuse, match="changed while it was sent"):
        send(server, table)
    assert server.asked("POST .*/commit") == []
