"""`evergreen status`."""

from __future__ import annotations

from typing import Any

from tests.cli.conftest import Run, run
from tests.cli.stand_in import VERSION, StandIn, problem

MONITOR: dict[str, Any] = {
    "predictions": 20_000,
    "labelled": 1_500,
    "counts": {"corrected": 3, "late": 1},
    "watch": {"version": VERSION, "detector": {"values": [0.5, 1.25]}, "power": None},
    "alarm": None,
    "comparison": None,
    "report": {
        "performance": [{"window": "all", "n": 1500, "accuracy": 0.892233}, {"window": "recent", "n": 500}],
        "detector": {"e_value": 0.00119655, "peak": None},
        "drift": {
            "on": False,
            "text": "The 2,000 predictions look like what it was trained on.",
            "features": [{"column": "age", "psi": 0.01}],
            "oddities": [],
        },
        "note": "Reduced power.",
    },
}


def test_each_model_is_shown_with_champion_run_labels_and_alarm(server: StandIn, evergreen: Run) -> None:
    server.on("GET .*/monitor", MONITOR)
    result = evergreen("status")
    assert result.exit_code == 0, result.output
    assert [" ".join(line.split()) for line in result.stdout.splitlines()] == [
        "adult",
        f"champion {VERSION} since 2026-11-20 16:00 UTC",
        "challenger none",
        "last run 20261120T160000Z-aabbccdd registered: It is the first.",
        "labels 1,500 of 20,000 predictions",
        "alarm none",
        "drift none",
    ]


def test_one_model_is_shown_with_the_numbers_its_monitor_reports(server: StandIn, evergreen: Run) -> None:
    odd = [{"column": "age", "kind": "missing", "text": "Column 'age' is missing in 20.0% of the rows."}]
    report = MONITOR["report"] | {"drift": MONITOR["report"]["drift"] | {"oddities": odd}}
    server.on("GET .*/monitor", MONITOR | {"report": report})
    lines = [" ".join(line.split()) for line in evergreen("status", "adult").stdout.splitlines()]
    assert lines[6:] == [
        "drift The 2,000 predictions look like what it was trained on.",
        "odd Column 'age' is missing in 20.0% of the rows.",
        "counts corrected 3, late 1",
        "report note Reduced power.",
        "performance window all, n 1500, accuracy 0.8922",
        "performance window recent, n 500",
        "detector e_value 0.001197",
    ]


def test_alarm_is_told_in_its_own_words(server: StandIn, evergreen: Run) -> None:
    server.on("GET .*/monitor", MONITOR | {"alarm": {"text": "Accuracy has fallen.", "at": "2026"}})
    assert "Accuracy has fallen." in evergreen("status").stdout


def test_drift_is_told_in_its_own_words_while_it_is_on(server: StandIn, evergreen: Run) -> None:
    drift = {"on": True, "text": "The data has drifted.", "oddities": []}
    server.on("GET .*/monitor", MONITOR | {"report": {"drift": drift}})
    assert "The data has drifted." in evergreen("status").stdout


def test_estimated_accuracy_is_told_in_a_sentence(server: StandIn, evergreen: Run) -> None:
    estimate = {"state": "ok", "text": "Without their truth, 90.1% are right.", "accuracy": 0.901}
    server.on("GET .*/monitor", MONITOR | {"report": {"estimate": estimate}})
    assert "Without their truth, 90.1% are right." in evergreen("status").stdout
    server.on("GET .*/monitor", MONITOR | {"report": {"estimate": estimate | {"state": "hidden"}}})
    assert "90.1%" not in evergreen("status").stdout


def test_running_run_shows_how_far_it_is(server: StandIn, evergreen: Run) -> None:
    server.on("GET .*/runs", {"runs": [run("running", "searching", 40)]})
    assert "searching, 40 %: On its way." in evergreen("status").stdout


def test_model_without_a_champion_or_a_monitored_label_is_shown_all_the_same(server: StandIn, evergreen: Run) -> None:
    server.on("GET .*/champion", problem(404, "not_found", "Model 'adult' has no champion yet."))
    server.on("GET .*/runs", {"runs": []})
    result = evergreen("status", "adult")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "champion none yet" in lines
    assert "last run none" in lines
    assert "labels the monitor has not looked at this model yet" in lines


def test_empty_server_says_how_to_make_a_model(server: StandIn, evergreen: Run) -> None:
    server.on("GET /models", {"models": []})
    assert "Make one with `evergreen train FILE --target COLUMN`" in evergreen("status").stdout


def test_unknown_model_is_told_in_the_servers_words(server: StandIn, evergreen: Run) -> None:
    server.on("GET /models/none", problem(404, "not_found", "There is no model 'none'."))
    result = evergreen("status", "none")
    assert result.exit_code == 1
    assert "There is no model 'none'." in result.stderr


def test_an_early_warning_is_shown_until_there_is_an_alarm(server: StandIn, evergreen: Run) -> None:
    early = {"at": "2026-11-20T16:00:00.000Z", "text": "Look into champion v1."}
    server.on("GET .*/monitor", MONITOR | {"watch": {"early": early}})
    assert "early Look into champion v1." in " ".join(evergreen("status").stdout.split())
    server.on("GET .*/monitor", MONITOR | {"watch": {"early": early}, "alarm": {"text": "It has fallen."}})
    assert "Look into" not in evergreen("status").stdout
