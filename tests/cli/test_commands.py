"""The commands that list and act: what they ask, what they print, how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import acting
from tests.cli.conftest import FILES, MANIFEST, Run, run
from tests.cli.stand_in import VERSION, Answer, StandIn, problem

EVENT = {"seq": 1, "id": "e", "at": "2026-11-20T16:00:00.000Z", "kind": "promoted", "text": "It is better."}
MOVED = {"champion": VERSION, "challenger": None, "previous": "v0", "event": EVENT}

REPRODUCED = {"id": "r2", "status": "reproduced", "stage": "reproduced", "percent": 100.0, "trials": 0,
              "best_loss": None, "message": "It came out the same."}  # fmt: skip

RECEIPT = {
    "id": "r-1",
    "status": "pending",
    "at": "2026-11-20T16:00:00.000Z",
    "text": "It was asked for.",
    "rows": {"log/truth": 3},
}
ASKED = {"id": "p-1", "status": "asked", "text": "A monitor pass was asked for."}
HELD = {"id": "20261120T16", "status": "held", "text": "What came was too much.", "reasons": ["flood"]}
VALUES = [{"truth": ">50K", "count": 2}]


@pytest.fixture(autouse=True)
def routes(server: StandIn) -> None:
    def removed(_: Any) -> dict[str, Any]:
        server.on("GET /models", {"models": []})
        return {"model": "adult"}

    server.on("GET /models/adult/versions", {"versions": [VERSION, "v0"]})
    server.on("GET /models/adult/events", {"events": [EVENT]})
    server.on("POST /models/adult/(promote|rollback)", MOVED)
    server.on("GET /models/adult/quarantine", {"quarantine": [HELD]})
    server.on("GET /models/adult/quarantine/20261120T16", HELD | {"truths": 2, "values": VALUES, "first": []})
    server.on("POST /models/adult/quarantine/20261120T16", {"entry": HELD, "event": EVENT})
    server.on(f"POST /models/adult/versions/{VERSION}/reproduce", REPRODUCED)
    server.on("POST /models/adult/erasures", RECEIPT)
    server.on("GET /models/adult/erasures", {"erasures": [RECEIPT]})
    server.on("GET /models/adult/erasures/r-1", RECEIPT)
    server.on("DELETE /models/adult", removed)
    for name, data in FILES.items():
        server.on(f"GET /models/adult/versions/{VERSION}/files/{name}", Answer(body=data.decode()))
    server.on(f"GET /models/adult/versions/{VERSION}/files/manifest.json", MANIFEST)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("models",), f"adult  {VERSION}"),
        (("versions", "adult"), f"{VERSION}  champion  roc_auc 0.9312 on 6,512 rows  lgbm"),
        (("runs", "adult"), "20261120T160000Z-aabbccdd  request  registered  It is the first."),
        (("runs", "adult", "--follow"), "20261120T160000Z-aabbccdd  request  registered  It is the first."),
        (("events", "adult"), "2026-11-20 16:00:00 UTC  promoted  It is better."),
        (("promote", "adult"), f"Champion: {VERSION}. Instances take it up within seconds."),
        (("rollback", "adult", "--reason", "It was worse."), "It is better."),
        (("quarantine", "adult"), "20261120T16  held      What came was too much."),
        (("quarantine", "adult", "20261120T16"), "        2  >50K"),
        (("quarantine", "adult", "20261120T16", "--release"), "It is better."),
        (("reproduce", "adult"), "It came out the same."),
        (("erase", "adult", "A-1", "--yes"), "It was asked for. Look with: evergreen erase adult --receipt r-1"),
        (("erase", "adult", "--receipt", "r-1"), "        3  log/truth"),
        (("erase", "adult"), "r-1  pending   It was asked for."),
        (("delete", "adult", "--yes"), "Removed model adult."),
        (("monitor", "adult"), "The monitor has not looked at this model yet"),
    ],
)
def test_command_prints(evergreen: Run, command: tuple[str, ...], line: str) -> None:
    result = evergreen(*command)
    assert result.exit_code == 0, result.output
    assert any(printed.startswith(line) for printed in result.stdout.splitlines()), result.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("models",),
        ("status",),
        ("status", "adult"),
        ("versions", "adult"),
        ("runs", "adult"),
        ("runs", "adult", "--follow"),
        ("events", "adult"),
        ("monitor", "adult"),
        ("promote", "adult"),
        ("rollback", "adult"),
        ("quarantine", "adult"),
        ("quarantine", "adult", "20261120T16"),
        ("quarantine", "adult", "20261120T16", "--drop"),
        ("reproduce", "adult", VERSION),
        ("erase", "adult", "A-1", "--yes"),
        ("erase", "adult", "--receipt", "r-1"),
        ("delete", "adult", "--yes"),
        ("doctor",),
    ],
)
def test_json_is_one_document_and_nothing_else(evergreen: Run, server: StandIn, command: tuple[str, ...]) -> None:
    server.on("GET /health/ready", {"status": "ready", "reasons": [], "versions": {}})
    result = evergreen(*command, "--json")
    assert len(result.stdout.splitlines()) == 1
    json.loads(result.stdout)


def test_what_was_said_goes_to_the_server(server: StandIn, evergreen: Run) -> None:
    evergreen("promote", "adult", "v0", "--reason", "Because.")
    assert server.asked("POST .*/promote")[0].json == {"version": "v0", "reason": "Because."}
    evergreen("quarantine", "adult", "20261120T16", "--drop", "--reason", "A test.")
    assert server.asked("POST .*/quarantine/20261120T16")[0].json == {"do": "drop", "reason": "A test."}
    evergreen("erase", "adult", "A-1", "--yes")
    assert server.asked("POST .*/erasures")[0].json == {"key": "A-1"}
    evergreen("rollback", "adult")
    assert server.asked("POST .*/rollback")[0].json == {}


@pytest.mark.parametrize("options", [("--drop",), ("20261120T16", "--drop", "--release")])
def test_quarantine_is_not_settled_without_saying_what_becomes_of_which(
    server: StandIn, evergreen: Run, options: tuple[str, ...]
) -> None:
    assert evergreen("quarantine", "adult", *options).exit_code == 2
    assert server.asked("POST .*") == []


def test_followed_run_that_ends_badly_ends_the_command_badly(server: StandIn, evergreen: Run) -> None:
    server.on("GET /models/adult/runs", {"runs": [run("running", "searching", 40)]})
    server.on("GET /models/adult/runs/[^/]+", run("rejected", "rejected", 86, message="No usable model."))
    result = evergreen("runs", "adult", "--follow")
    assert result.exit_code == 1
    assert "No usable model." in result.stdout


def test_version_that_came_out_differently_ends_the_command_badly(server: StandIn, evergreen: Run) -> None:
    run = {**REPRODUCED, "status": "differs", "message": "accuracy 0.91 instead of 0.92."}
    server.on(f"POST /models/adult/versions/{VERSION}/reproduce", run)
    result = evergreen("reproduce", "adult", VERSION)
    assert result.exit_code == 1
    assert "accuracy 0.91 instead of 0.92." in result.stderr
    (asked,) = server.asked("POST .*reproduce")
    assert asked.headers["idempotency-key"]


def test_nothing_is_removed_when_nobody_can_be_asked(server: StandIn, evergreen: Run) -> None:
    result = evergreen("delete", "adult")
    assert result.exit_code == 2
    assert "Add --yes" in result.stderr
    assert server.asked("DELETE .*") == []


def test_model_with_an_open_run_is_not_removed_and_why_is_told(server: StandIn, evergreen: Run) -> None:
    server.on("DELETE /models/adult", problem(409, "conflict", "Run r of model 'adult' has not ended."))
    result = evergreen("delete", "adult", "--yes")
    assert (result.exit_code, result.stderr.strip()) == (1, "Run r of model 'adult' has not ended.")


def test_removal_that_nobody_carries_out_is_not_called_done(
    server: StandIn, evergreen: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "GONE_S", 0.0)
    server.on("DELETE /models/adult", {"model": "adult"})
    assert "out of service, but not removed" in evergreen("delete", "adult", "--yes").stdout


def test_pass_that_was_asked_for_is_waited_for(
    server: StandIn, evergreen: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "POLL_S", 0.0)
    server.on("POST /models/adult/monitor", ASKED)
    looks = 0

    def state(_: Any) -> dict[str, Any]:
        return {"labelled": looks, "report": {"last_pass": {"at": str(looks)}}}  # the timer's passes go on meanwhile

    def asked(_: Any) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        return ASKED | ({"status": "done", "text": "3 new truths."} if looks == 70 else {})

    server.on("GET /models/adult/monitor", state)
    server.on("GET /models/adult/monitor/passes/p-1", asked)
    result = evergreen("monitor", "adult", "--now")
    assert result.exit_code == 0
    assert "labelled 70" in result.stdout
    assert result.stderr.splitlines() == [
        "Still waiting for the pass. A run may be before it. Does a process of the role `train` run?",
        "3 new truths.",
    ]


def test_pass_that_does_not_come_is_given_up_with_the_likely_reasons_and_shows_no_numbers(
    server: StandIn, evergreen: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "POLL_S", 0.0)
    monkeypatch.setattr(acting, "PASS_S", 0.0)
    server.on("GET /models/adult/monitor", {"labelled": 7, "report": {}})
    server.on("POST /models/adult/monitor", ASKED)
    server.on("GET /models/adult/monitor/passes/p-1", ASKED)
    result = evergreen("monitor", "adult", "--now")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Does a process of the role `train` run?" in result.stderr


def test_pass_that_came_to_nothing_ends_the_command_badly(server: StandIn, evergreen: Run) -> None:
    server.on("POST /models/adult/monitor", ASKED | {"status": "stopped", "text": "Another pass was first."})
    result = evergreen("monitor", "adult", "--now")
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (1, "", "Another pass was first.")


def test_downloaded_files_are_those_that_were_published(evergreen: Run, tmp_path: Path) -> None:
    result = evergreen("download", "adult", "-o", tmp_path / "v")
    assert result.exit_code == 0, result.output
    assert {path.name: path.read_bytes() for path in (tmp_path / "v").iterdir() if path.name in FILES} == FILES
    assert json.loads((tmp_path / "v" / "manifest.json").read_text()) == MANIFEST


def test_download_of_a_damaged_file_is_refused_and_has_no_manifest(
    server: StandIn, evergreen: Run, tmp_path: Path
) -> None:
    server.on(f"GET /models/adult/versions/{VERSION}/files/model.onnx", Answer(body="other"))
    result = evergreen("download", "adult", "-o", tmp_path / "v")
    assert result.exit_code == 1
    assert "model.onnx of version" in result.stderr
    assert not (tmp_path / "v" / "manifest.json").exists()


@pytest.mark.parametrize("reasons", [[], ["Storage cannot be reached."]])
def test_doctor_tells_how_the_server_is(server: StandIn, evergreen: Run, reasons: list[str]) -> None:
    server.on("GET /health/ready", {"status": "degraded" if reasons else "ready", "reasons": reasons, "versions": {}})
    result = evergreen("doctor", "--json")
    found = {each["what"]: each for each in json.loads(result.stdout)}
    assert found["server"]["state"] == ("look" if reasons else "ok")
    assert " ".join(reasons) in found["server"]["said"]
    assert found["python"]["state"] == "ok"


def test_doctor_of_a_stopped_server_says_how_to_start_it(evergreen: Run) -> None:
    result = evergreen("doctor", "--url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "Nothing answers at http://127.0.0.1:9" in result.stdout


def test_logs_show_the_last_lines_of_each_part(
    evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERGREEN_LOCAL_DIR", str(tmp_path))
    assert evergreen("logs").exit_code == 2
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "serve.log").write_text("one\ntwo\nthree\n")
    result = evergreen("logs", "-n", "2")
    assert [line.split() for line in result.stdout.splitlines()] == [["serve", "two"], ["serve", "three"]]
    assert evergreen("logs", "web").exit_code == 2
    assert json.loads(evergreen("logs", "serve", "-n", "1", "--json").stdout) == {"part": "serve", "line": "three"}


EVERY = [
    ("train", "t.csv", "--target", "b"),
    ("score", "adult", "t.csv", "-o", "out.csv"),
    ("truth", "adult", "t.csv"),
    ("status",),
    ("models",),
    ("versions", "adult"),
    ("runs", "adult"),
    ("events", "adult"),
    ("monitor", "adult", "--now"),
    ("promote", "adult"),
    ("rollback", "adult"),
    ("quarantine", "adult"),
    ("download", "adult", "-o", "v"),
    ("reproduce", "adult", VERSION),
    ("delete", "adult", "--yes"),
    ("demo", "--plain"),
]


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command[0])
def test_stopped_server_is_told_by_every_command_and_nothing_is_left_behind(
    evergreen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("id,truth,b\n1,2,3\n")
    result = evergreen(*command, "--url", "http://127.0.0.1:9")
    assert result.exit_code == 3, result.output
    assert "Nothing answers at http://127.0.0.1:9. Start the system" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("command", EVERY, ids=lambda command: command[0])
def test_wrong_key_is_told_by_every_command(
    *,
    server: StandIn,
    evergreen: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    status: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("id,truth,b\n1,2,3\n")
    server.on(".*", Answer(status=status, body=""))
    result = evergreen(*command, "--key", "wrong")
    assert result.exit_code == 1, result.output
    assert "refused the key. Give the right one with --key or EVERGREEN_KEY" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_refusals_name_the_next_command_instead_of_a_route(server: StandIn, evergreen: Run) -> None:
    text = "There is no model 'nobody'. Create it with PUT /models/nobody, or see GET /models."
    server.on("GET /models/nobody/events", problem(404, "not_found", text))
    told = evergreen("events", "nobody").stderr
    assert told.startswith("There is no model 'nobody'. `evergreen train FILE --name nobody` makes it")
    assert "/models" not in told


def test_a_key_is_not_erased_without_a_word_and_not_shown_at_once(evergreen: Run, server: StandIn) -> None:
    assert "Add --yes" in evergreen("erase", "adult", "A-1").stderr
    assert "not both" in evergreen("erase", "adult", "A-1", "--receipt", "r-1").stderr
    assert server.asked("POST .*/erasures") == []
