"""Goals, and the ratios they are about."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from tests.benchmarks.serving.goals import Goal, text_table
from tests.benchmarks.serving.load import Result
from tests.benchmarks.serving.rounds import Contender, WrongAnswer, check, faster, ratio, summary
from tests.benchmarks.serving.servers import Server


def result(
    requests: int = 100, *, p99_us: float = 9.0, statuses: dict[str, int] | None = None, kept: str = ""
) -> Result:
    return Result(
        requests=requests,
        seconds=2.0,
        p50_us=3.0,
        p99_us=p99_us,
        max_us=10.0,
        cpu_us=2.0,
        statuses=statuses or {"200": requests},
        kept=[(1, kept)] if kept else [],
    )


@pytest.fixture
def contender(tmp_path: Path) -> Contender:
    process = subprocess.Popen(["true"])
    process.wait()
    server = Server(port=1, path="/", process=process, log=tmp_path / "log", started=0.0)
    return Contender(name="floor", server=server, labels=[["no"], ["yes", "no"]])


@pytest.mark.parametrize(
    ("value", "sign", "reached"),
    [(2.0, "≥", True), (1.9, "≥", False), (2.0, "≤", True), (2.1, "≤", False), (2.1, ">", True), (2.0, ">", False)],
)
def test_goal_is_reached_on_the_right_side_of_its_bound(
    value: float, sign: Literal["≥", "≤", ">"], reached: bool
) -> None:
    goal = Goal(what="speed", value=value, sign=sign, bound=2.0, unit="×")
    assert goal.is_reached is reached
    assert goal.cells()[-1] == ("yes" if reached else "NO")
    assert goal.to_json()["reached"] is reached


def test_ratio_is_taken_within_each_round_and_its_median_is_told() -> None:
    rounds = {"one": [result(10), result(200), result(60)], "other": [result(20), result(100), result(20)]}
    assert ratio(rounds, "one", "other") == 2.0


def test_ratio_of_another_number_than_the_rate() -> None:
    rounds = {"one": [result(p99_us=30.0)], "other": [result(p99_us=10.0)]}
    assert ratio(rounds, "one", "other", by="p99_us") == 3.0


def test_faster_has_the_ratio_of_rates_beside_that_of_processor_time() -> None:
    rounds = {"one": [replace(result(60), cpu_us=4.0)], "other": [replace(result(20), cpu_us=8.0)]}
    goal = faster(rounds, "speed", "one", "other", bound=4)
    assert (goal.value, goal.cpu, goal.is_reached) == (3.0, 2.0, False)
    assert goal.cells() == ["speed", "3 ×", "2 ×", "≥ 4 ×", "NO"]


def test_summary_tells_rows_of_all_requests() -> None:
    told = summary([result(100), result(300), result(200)], 1000)
    assert (told["requests_per_s"], told["rows_per_s"], told["requests"]) == (100.0, 100_000.0, 600)


def test_right_answers_pass(contender: Contender) -> None:
    check(contender, result(kept='{"predictions": ["yes", "no"]}'))


@pytest.mark.parametrize(
    "wrong",
    [
        result(kept='{"predictions": ["yes", "yes"]}'),
        result(kept='{"predictions": ["yes"]}'),
        result(statuses={"200": 99, "503": 1}, kept='{"predictions": ["yes", "no"]}'),
        result(),
    ],
)
def test_wrong_labels_other_statuses_and_unchecked_answers_are_refused(contender: Contender, wrong: Result) -> None:
    with pytest.raises(WrongAnswer, match="floor"):
        check(contender, wrong)


def test_text_table_aligns_its_columns() -> None:
    assert text_table([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc  d\n"
