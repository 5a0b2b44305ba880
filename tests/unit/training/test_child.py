"""The training process seen from its parent, with real processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from automl.errors import InvalidInput, Rejected
from automl.run import Run
from automl.settings import Settings
from automl.spec import Spec
from automl.training.child import Failed, Work, check_budget, train_in_child
from automl.training.progress import Outcome, Progress
from tests.support import children

RUN = Run(id="20261120T160000Z-abcdef12", model="m", cause={}, at="2026-11-20T16:00:00+00:00", data={})
ROOT = Path(__file__).resolve().parents[3]


def start(work: Work, told: list[Progress] | None = None, *, timeout_s: float = 120) -> Outcome:
    news: list[Progress] = [] if told is None else told
    return train_in_child(Settings(train_timeout_s=timeout_s), RUN, news.append, work=work, beat_s=0.05)


def test_the_outcome_and_every_stage_come_from_another_process() -> None:
    told: list[Progress] = []
    outcome = start(children.succeed, told)
    assert outcome.version == f"v-{RUN.id}"
    assert outcome.message != f"Trained in process {os.getpid()}."
    stages = list(dict.fromkeys(news.stage for news in told))
    assert stages == ["starting", "loading", "searching", "publishing"]


def test_the_projects_errors_come_back_as_themselves() -> None:
    with pytest.raises(InvalidInput, match="expected two classes, got one") as refused:
        start(children.refuse)
    assert [problem.column for problem in refused.value.problems] == ["y", "y"]
    with pytest.raises(Rejected, match="unequal in row 3"):
        start(children.reject)


def test_an_unexpected_error_comes_back_as_type_and_message() -> None:
    with pytest.raises(Failed, match=r"^Training failed with KeyError: 'surprise'$"):
        start(children.stumble)


def test_a_refused_allocation_is_called_out_of_memory() -> None:
    with pytest.raises(Failed, match="ran out of memory"):
        start(children.run_out_of_memory)


def test_a_killed_child_is_told_of_with_its_stage_and_likely_cause() -> None:
    with pytest.raises(Failed, match=r"killed while searching \(SIGKILL\), most likely because memory ran out"):
        start(children.be_killed)


def test_a_child_that_dies_of_another_signal_is_told_of_by_its_name() -> None:
    with pytest.raises(Failed, match="died of SIGABRT while starting"):
        start(children.crash)


def test_a_child_that_leaves_without_a_word_is_told_of_with_its_exit_code() -> None:
    with pytest.raises(Failed, match="exit code 3 and no answer"):
        start(children.leave)


def test_a_child_that_takes_too_long_is_stopped() -> None:
    told: list[Progress] = []
    with pytest.raises(Failed, match="longer than the 2 s allowed"):
        start(children.hang, told, timeout_s=2)
    assert told
    pids = {int(news.message) for news in told if news.message.isdecimal()}
    assert not any(is_alive(pid) for pid in pids)


def test_a_parent_that_gives_up_kills_the_child() -> None:
    pids: list[int] = []

    def give_up(news: Progress) -> None:
        if news.stage == "searching":
            pids.append(int(news.message))
            raise RuntimeError("fenced")

    with pytest.raises(RuntimeError, match="fenced"):
        train_in_child(Settings(train_timeout_s=120), RUN, give_up, work=children.hang, beat_s=0.05)
    assert not is_alive(pids[0])


def test_the_latest_news_is_told_again_while_there_are_no_new_ones() -> None:
    told: list[Progress] = []

    def listen(news: Progress) -> None:
        told.append(news)
        if [item.stage for item in told].count("searching") == 4:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        train_in_child(Settings(train_timeout_s=120), RUN, listen, work=children.hang, beat_s=0.05)
    assert len({news.message for news in told if news.stage == "searching"}) == 1


def test_a_child_does_not_outlive_a_parent_that_was_killed() -> None:
    command = [sys.executable, "-m", "tests.support.children"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watch = os.pidfd_open(pid)
        os.kill(parent.pid, signal.SIGKILL)
        ended, _, _ = select.select([watch], [], [], 60)
        os.close(watch)
    assert ended


def test_a_budget_that_the_process_is_not_given_is_refused_before_the_search() -> None:
    spec = Spec.from_json({"name": "m", "target": "y", "search": {"time_budget": 1201}})
    with pytest.raises(InvalidInput, match=r"Field 'search\.time_budget': expected at most 1200 s"):
        check_budget(Settings(train_timeout_s=1500), spec)
    check_budget(Settings(train_timeout_s=1502), spec)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
