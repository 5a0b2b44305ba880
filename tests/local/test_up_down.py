"""`make up` and `make down` with a small app in Evergreen's place: real processes, real ports, real signals."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import psutil
import pytest

from infra.local.processes import Record, read_record, spawn, stop
from tests.support.waiting import until

REPOSITORY = Path(__file__).resolve().parents[2]
APP = Path(__file__).parent / "small_app"
FIRST_MODEL = {"EVERGREEN_FIRST_MODEL_S": "5"}


class Local:
    """One local system in a folder of its own."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder, (self.port, self.train_port, self.azurite_port) = folder, ports
        own = {
            "EVERGREEN_PORT": str(self.port),
            "EVERGREEN_TRAIN_PORT": str(self.train_port),
            "EVERGREEN_AZURITE_PORT": str(self.azurite_port),
            "EVERGREEN_LOCAL_DIR": str(folder),
        }
        own["EVERGREEN_FIRST_MODEL_S"] = "0"  # a test that wants a first model says so
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVERGREEN_")}
        self.environ = kept | own | {"PYTHONUNBUFFERED": "1"}

    def start(self, command: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local", command, "--app", str(APP)],
            cwd=REPOSITORY,
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str, **environ: str) -> tuple[int, str]:
        process = self.start(command, **environ)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def pids(self) -> dict[str, int]:
        """Pids of the services that run."""
        found = {}
        for name in ("azurite", "serve", "train"):
            record = read_record(self.folder / "run" / f"{name}.json")
            if record is not None and record.process() is not None:
                found[name] = record.pid
        return found


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    system = Local(tmp_path / "local", free_ports())
    yield system
    code, output = system.run("down")
    assert code == 0, output
    assert system.pids() == {}


def free_ports() -> list[int]:
    """Three ports that are free now; the last with the two after it."""
    while True:
        with ExitStack() as stack:
            sockets = [stack.enter_context(closing(socket.socket())) for _ in range(3)]
            for each in sockets:
                each.bind(("127.0.0.1", 0))
            ports = [int(each.getsockname()[1]) for each in sockets]
            try:
                for offset in (1, 2):
                    stack.enter_context(closing(socket.socket())).bind(("127.0.0.1", ports[2] + offset))
            except OSError:
                continue
            return ports


def test_up_starts_everything_trains_a_first_model_and_says_how_to_score(local: Local) -> None:
    code, output = local.run("up", **FIRST_MODEL)
    assert code == 0, output
    assert local.pids().keys() == {"azurite", "serve", "train"}
    for part in (
        "No model yet: training 'iris'",
        "search 30%, 7 trials, best loss 0.1250",
        "version v1",
        "make down",
    ):
        assert part in output
    curl = re.search(r"score: +(curl .*)", output)
    assert curl is not None
    answer = subprocess.run(shlex.split(curl[1]), capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == {"predictions": ["setosa"]}
    assert (local.folder / "logs" / "serve.log").read_text()


def test_a_second_up_leaves_what_runs_alone_and_says_the_same(local: Local) -> None:
    _, first = local.run("up", **FIRST_MODEL)
    before = local.pids()
    code, second = local.run("up", **FIRST_MODEL)
    assert (code, local.pids()) == (0, before)
    assert "training" not in second.replace("training and monitoring", "")
    assert second[second.index("Evergreen is up") :] == first[first.index("Evergreen is up") :]


def test_up_starts_again_what_died_or_has_other_settings_and_only_that(local: Local) -> None:
    local.run("up")
    before = local.pids()
    os.kill(before["train"], signal.SIGKILL)
    until(lambda: "train" not in local.pids(), "the end of the training host")
    _, output = local.run("up")
    assert "train had ended: starting it again" in output
    after = local.pids()
    assert (after["azurite"], after["serve"]) == (before["azurite"], before["serve"])
    assert after["train"] != before["train"]

    _, output = local.run("up", EVERGREEN_MONITOR_SCHEDULE="0 * * * * *")
    assert "train runs with other settings" in output
    assert local.pids()["azurite"] == before["azurite"]


def test_down_stops_everything_and_keeps_the_data(local: Local) -> None:
    local.run("up")
    processes = [psutil.Process(pid) for pid in local.pids().values()]
    code, output = local.run("down")
    assert (code, local.pids()) == (0, {})
    # Where nobody reaps orphans (a container without an init) they stay as zombies, which run no more.
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)
    assert list((local.folder / "azurite").iterdir())
    assert "the data stays in" in output
    code, output = local.run("down")
    assert code == 0
    assert "Nothing was running" in output


def test_status_tells_how_each_service_is(local: Local) -> None:
    code, output = local.run("status")
    assert (code, output.count("not started")) == (1, 3)
    local.run("up")
    code, output = local.run("status")
    assert (code, output.count("healthy")) == (0, 3)
    os.kill(local.pids()["serve"], signal.SIGKILL)
    until(lambda: "serve" not in local.pids(), "the end of the serving host")
    code, output = local.run("status")
    assert (code, output.count("healthy"), output.count("ended by itself")) == (1, 2, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_takes_back_what_it_started(local: Local, number: int) -> None:
    process = local.start("up")
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "serve is healthy" in line:
            process.send_signal(number)
    assert process.wait(60) == 130, said
    process.stdout.close()
    assert local.pids() == {}
    assert "stopped again" in said


def test_an_interrupted_up_leaves_alone_what_ran_before(local: Local) -> None:
    local.run("up")
    before = local.pids()
    os.kill(before["train"], signal.SIGKILL)
    until(lambda: "train" not in local.pids(), "the end of the training host")
    process = local.start("up")
    assert process.stdout is not None
    for line in process.stdout:
        if "Starting training" in line:
            process.send_signal(signal.SIGINT)
    process.wait(60)
    process.stdout.close()
    assert local.pids() == {name: before[name] for name in ("azurite", "serve")}


@pytest.mark.parametrize(
    ("which", "variable"),
    [("port", "EVERGREEN_PORT"), ("train_port", "EVERGREEN_TRAIN_PORT"), ("azurite_port", "EVERGREEN_AZURITE_PORT")],
)
def test_a_busy_port_is_named_with_its_holder_and_the_variable_that_changes_it(
    local: Local, which: str, variable: str
) -> None:
    port = getattr(local, which)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, output = local.run("up")
    assert code == 1
    assert f"Port {port} (" in output
    assert f"(pid {os.getpid()})" in output
    assert f"{variable}={port + 100} make up" in output
    assert local.pids() == {}


def test_a_host_that_does_not_start_is_told_with_the_end_of_its_log(local: Local) -> None:
    code, output = local.run("up", **{"AzureWebJobs.live.Disabled": "x", "PYTHON_THREADPOOL_THREAD_COUNT": "many"})
    assert code == 1
    assert "the HTTP API ended. The end of" in output
    assert "PYTHON_THREADPOOL_THREAD_COUNT: expected a whole number" in output
    assert local.pids() == {}


def test_a_refused_first_model_is_told_in_the_apis_words(local: Local) -> None:
    code, output = local.run("up", SMALL_APP_REFUSES="1", **FIRST_MODEL)
    assert code == 1
    assert "POST /models/iris/train answered 400" in output
    assert "The table is too small." in output


def test_a_run_that_ends_without_a_model_is_told(local: Local) -> None:
    code, output = local.run("up", SMALL_APP_ENDS="rejected", **FIRST_MODEL)
    assert code == 1
    assert "the run rejected. No usable model." in output


def test_no_first_model_is_trained_when_told_so(local: Local) -> None:
    code, output = local.run("up")
    assert code == 0
    assert httpx.get(f"http://127.0.0.1:{local.port}/models").json() == {"models": []}
    assert "curl" not in output


def test_settings_that_cannot_be_used_are_all_named(local: Local) -> None:
    code, output = local.run("up", EVERGREEN_PORT="http", EVERGREEN_AZURITE_PORT="99999")
    assert code == 1
    assert "EVERGREEN_PORT: expected a whole number" in output
    assert "EVERGREEN_AZURITE_PORT: expected a whole number" in output


def test_without_node_up_says_what_to_do(local: Local, tmp_path: Path) -> None:
    code, output = local.run("up", PATH=str(tmp_path))
    assert code == 1
    assert "Azurite needs Node 20 or newer" in output


def test_two_commands_at_once_do_not_meet(local: Local) -> None:
    process = local.start("up")
    assert process.stdout is not None
    for line in process.stdout:
        if "Starting" in line:
            break
    code, output = local.run("down")
    assert code == 1
    assert "Another `make up` or `make down` is at work" in output
    process.communicate(timeout=120)


def test_a_reused_pid_is_never_stopped(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        record = Record(pid=bystander.pid, created=psutil.Process(bystander.pid).create_time() - 60, fingerprint="")
        stop(record, grace_s=5)
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n", timeout=30)
    assert bystander.returncode == 0


def test_stopping_ends_the_children_too_even_orphans_that_ignore_signals(tmp_path: Path) -> None:
    child = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    parent = f"import subprocess, sys, signal; subprocess.Popen([sys.executable, '-c', {child!r}]); signal.pause()"
    log = tmp_path / "log"
    record = spawn([sys.executable, "-c", parent], {}, cwd=tmp_path, log=log, record=tmp_path / "record")
    until(lambda: "ready" in log.read_text(), "the child")
    family = record.family()
    assert len(family) == 2
    os.kill(record.pid, signal.SIGKILL)
    os.waitpid(record.pid, 0)
    assert [process.pid for process in record.family()] == [each.pid for each in family if each.pid != record.pid]
    stop(record, grace_s=5)
    assert record.family() == []
