"""`evergreen train`."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli import upload as uploading
from cli import watch
from cli.api import Api
from cli.errors import Misuse
from cli.names import model_name
from cli.transport import Transport
from tests.cli.conftest import Run, run
from tests.cli.stand_in import Answer, Request, StandIn, problem

CSV = "age,job,income\n39,it's,no\n50,,yes\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "Adult Census.csv"
    path.write_text(CSV)
    return path


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("adult.csv", "adult"),
        ("Bike_Hour 2.parquet", "bike-hour-2"),
        ("2026-sales.csv", "sales"),
        ("Größe.csv", "groe"),
        ("a" * 80 + ".csv", "a" * 63),
        ("x--.csv", "x"),
    ],
)
def test_model_is_named_after_its_file(file: str, name: str) -> None:
    assert model_name(Path(file)) == name


@pytest.mark.parametrize("file", ["2026.csv", "表.csv", "-.csv"])
def test_file_whose_name_makes_no_model_name_asks_for_one(file: str) -> None:
    with pytest.raises(Misuse, match="Choose one with --name"):
        model_name(Path(file))


def test_table_becomes_a_model_that_can_be_asked_at_once(server: StandIn, evergreen: Run, table: Path) -> None:
    result = evergreen("train", table, "--target", "income", "--time-budget", "5", "--drop", "a, b")
    assert result.exit_code == 0, result.output
    spec = server.asked("PUT /models/adult-census")[0].json
    assert spec == {
        "name": "adult-census",
        "target": "income",
        "search": {"time_budget": 5.0},
        "columns": {"drop": ["a", "b"]},
    }
    assert b"".join(item.body for item in server.asked("PUT .*/data/[^/]+/[0-9]+")) == CSV.encode()
    commit = server.asked("POST .*/commit")[0]
    assert commit.json == {"blocks": 1, "format": "csv", "sha256": hashlib.sha256(CSV.encode()).hexdigest()}
    train = server.asked("POST /models/adult-census/train")[0]
    assert train.json == {"upload": commit.path.split("/")[4]}
    assert train.headers["idempotency-key"]
    assert "It is the first." in result.stdout
    assert "Holdout roc_auc: 0.9312 (6,512 rows)" in result.stdout
    assert "Score the first row of this table:" in result.stdout


def test_curl_line_scores_the_first_row_with_the_signatures_types(
    server: StandIn, evergreen: Run, table: Path
) -> None:
    line = evergreen("train", table, "--target", "income").stdout.splitlines()[-1]
    words = shlex.split(line)
    assert words[0] == "curl"
    assert f"{server.url}/models/adult-census/score" in words
    assert json.loads(words[-1]) == {"dataframe_records": [{"age": 39, "job": "it's"}]}


def test_curl_line_shows_no_key(server: StandIn, evergreen: Run, table: Path) -> None:
    stdout = evergreen("train", table, "--target", "income", "--key", "secret").stdout
    assert '"x-functions-key: $EVERGREEN_KEY"' in stdout
    assert "secret" not in stdout


def test_options_stand_above_the_spec_file(server: StandIn, evergreen: Run, table: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text('name = "census"\ntarget = "age"\n[search]\ntime_budget = 60\nseed = 3\n')
    assert evergreen("train", table, "--spec", spec, "--target", "income", "--time-budget", "9").exit_code == 0
    assert server.asked("PUT /models/census")[0].json == {
        "name": "census",
        "target": "income",
        "search": {"time_budget": 9.0, "seed": 3},
    }


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("target = ", "is not a spec in TOML"),
        ("name = 'x'", "Nothing says which column to predict"),
        ("target = 'y'\nname = 'X Y'", "Expected the name of a model"),
        ("target = 'y'\nsearch = 3", "expected \\[search\\] to be a table"),
    ],
)
def test_spec_file_that_cannot_be_used_is_wrong_use(
    *, server: StandIn, evergreen: Run, table: Path, tmp_path: Path, spec: str, message: str
) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(spec)
    result = evergreen("train", table, "--spec", path, "--time-budget", "5")
    assert result.exit_code == 2
    assert re.search(message, result.stderr)
    assert not server.requests


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is an empty file"),
        (b"  \n", "is an empty file"),
        (b"\x1f\x8b\x08\x00", "a gzip file that is not whole"),
        (b"PK\x03\x04abc", "a zip or Excel file"),
        (b"\x7fELF\x00\x01", "a binary file"),
    ],
)
def test_file_that_is_no_table_is_not_sent(
    server: StandIn, evergreen: Run, tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    result = evergreen("train", path, "--target", "x")
    assert result.exit_code == 2
    assert what in result.stderr
    assert not server.asked(".*/data/.*")


@pytest.mark.parametrize(("size", "blocks"), [(9, [9]), (10, [10]), (11, [10, 1]), (20, [10, 10])])
def test_file_travels_in_whole_blocks_and_a_rest(
    *, server: StandIn, evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, blocks: list[int]
) -> None:
    monkeypatch.setattr(uploading, "BLOCK_BYTES", 10)
    path = tmp_path / "t.csv"
    path.write_bytes(b"x" * size)
    evergreen("train", path, "--target", "x", "--no-wait")
    sent = server.asked("PUT .*/data/[^/]+/[0-9]+")
    assert [len(item.body) for item in sent] == blocks
    assert [item.path.rsplit("/", 1)[1] for item in sent] == [str(number) for number in range(len(blocks))]
    assert server.asked("POST .*/commit")[0].json["blocks"] == len(blocks)


def test_request_that_is_sent_again_keeps_its_idempotency_key(server: StandIn, evergreen: Run, table: Path) -> None:
    def busy_once(_: Request) -> Any:
        asked = server.asked("POST .*/train")
        return Answer(status=503, headers={"retry-after": "0"}) if len(asked) == 1 else run("queued", "queued", 0)

    server.on("POST .*/train", busy_once)
    assert evergreen("train", table, "--target", "income", "--no-wait").exit_code == 0
    keys = [item.headers["idempotency-key"] for item in server.asked("POST .*/train")]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_no_wait_ends_with_the_runs_name(server: StandIn, evergreen: Run, table: Path) -> None:
    result = evergreen("train", table, "--target", "income", "--no-wait")
    assert result.exit_code == 0
    assert "20261120T160000Z-aabbccdd" in result.stdout
    assert not server.asked("GET .*/runs.*")


def test_waiting_tells_each_step_once(server: StandIn, evergreen: Run, table: Path) -> None:
    steps = [
        run("queued", "queued", 0),
        run("running", "searching", 20, trials=1),
        run("running", "searching", 21, trials=2),
        run("running", "searching", 45, trials=12),
        run("registered", "done", 100, message="Registered."),
    ]
    server.on("GET .*/runs/[^/]+", lambda _: steps[len(server.asked("GET .*/runs/[^/]+")) - 1])
    result = evergreen("train", table, "--target", "income")
    assert result.exit_code == 0
    news = result.stderr.splitlines()
    assert news.count("queued: 0 %") == 1
    assert "searching: 20 %, 1 trial, best loss 0.07123" in news
    assert "searching: 45 %, 12 trials, best loss 0.07123" in news
    assert not any("21 %" in line for line in news)


def test_run_that_nobody_takes_gives_a_hint(
    server: StandIn, evergreen: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 2)
    looks = iter([run("queued", "queued", 0)] * 3 + [run("registered", "done", 100)])
    server.on("GET .*/runs/[^/]+", lambda _: next(looks))
    assert evergreen("train", table, "--target", "income").stderr.count("Still queued.") == 1


def test_terminal_sees_one_line_that_moves(server: StandIn) -> None:
    screen = StringIO()
    steps = iter([run("running", "searching", 45, trials=12), run("registered", "done", 100)])
    server.on("GET .*/runs/[^/]+", lambda _: next(steps))
    with Api(Transport(server.url, None)) as api:
        console = Console(file=screen, force_terminal=True, width=100)
        last = watch.watch(api, "adult", run("queued", "queued", 0), console)
    assert last["status"] == "registered"
    assert "done" in screen.getvalue()


@pytest.mark.parametrize("status", ["rejected", "failed"])
def test_run_without_a_model_ends_in_its_own_words(server: StandIn, evergreen: Run, table: Path, status: str) -> None:
    server.on("GET .*/runs/[^/]+", run(status, "searching", 40, message="Target 'income' has one class."))
    result = evergreen("train", table, "--target", "income")
    assert result.exit_code == 1
    assert f"ended {status}: Target 'income' has one class." in result.stderr


def test_later_version_is_called_a_challenger_and_the_line_is_for_the_champion(
    server: StandIn, evergreen: Run, table: Path
) -> None:
    server.on("GET .*/champion", {"champion": "20261119T000000Z-00000000", "challenger": "x"})
    older = {"features": [{"name": "age", "type": "category"}]}
    server.on("GET .*/versions/20261119T.*", {"signature": older})
    stdout = evergreen("train", table, "--target", "income").stdout
    assert "The monitor will judge this challenger" in stdout
    assert json.loads(shlex.split(stdout.splitlines()[-1])[-1]) == {"dataframe_records": [{"age": "39"}]}


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_while_waiting_says_that_the_run_goes_on(
    server: StandIn, evergreen: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", _interrupt)
    result = evergreen("train", table, "--target", "income")
    assert result.exit_code == 130
    assert "goes on without this command: `evergreen runs adult-census --follow`" in result.stderr


def test_ctrl_c_while_uploading_says_that_nothing_is_trained(
    server: StandIn, evergreen: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.train.upload", lambda *_: _interrupt(0))
    result = evergreen("train", table, "--target", "income")
    assert result.exit_code == 130
    assert "Nothing is trained" in result.stderr
    assert not server.asked("POST .*")


def test_unknown_spec_field_ends_before_the_upload(server: StandIn, evergreen: Run, table: Path) -> None:
    server.on("PUT /models/adult-census", problem(400, "invalid_input", "Field 'x': unknown."))
    result = evergreen("train", table, "--target", "income")
    assert result.exit_code == 1
    assert "Field 'x': unknown." in result.stderr
    assert not server.asked(".*/data/.*")
