"""What a fresh machine has, lacks, or has too old."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import install, node
from infra.local.errors import LocalError
from infra.local.watched import run_watched

REPOSITORY = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9/"  # the discard port: nothing answers


def program(folder: Path, name: str, says: str, code: int = 0) -> Path:
    """A program that says something and ends."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_a_shim_that_does_not_run_is_no_python(tmp_path: Path) -> None:
    assert install.python_version(program(tmp_path, "python3", "pyenv: command not found", 127)) == (0, 0)
    assert install.python_version(tmp_path / "none") == (0, 0)
    assert install.python_version(Path(sys.executable)) == sys.version_info[:2]


def test_the_contract_python_is_the_chosen_one_then_the_paths_then_pyenvs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pyenv = tmp_path / "path", tmp_path / "pyenv" / "versions" / "3.13.9" / "bin"
    for folder in (path, pyenv):
        folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("EVERGREEN_PYTHON313", raising=False)
    program(path, "python3.13", "a shim", 127)
    program(path, "python3", "3 12")
    assert install.find_contract_python() is None

    from_pyenv = program(pyenv, "python", "3 13")
    assert install.find_contract_python() == from_pyenv
    from_path = program(path, "python3.13", "3 13")
    assert install.find_contract_python() == from_path
    chosen = program(tmp_path, "chosen", "3 14")
    monkeypatch.setenv("EVERGREEN_PYTHON313", str(chosen))
    assert install.find_contract_python() == chosen


def test_the_machines_node_is_taken_when_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node.machine_node() is None
    program(tmp_path, "node", "v18.20.1")
    assert node.machine_node() is None
    binary = program(tmp_path, "node", "v22.1.0")
    assert node.machine_node() == node.Node(binary=binary, npm=())
    npm = program(tmp_path, "npm", "10.0.0")
    assert node.machine_node() == node.Node(binary=binary, npm=(str(npm),))


def test_without_any_node_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(node, "wheel_node", lambda: None)
    with pytest.raises(LocalError, match=r"Azurite needs Node 20 or newer.*make up"):
        node.find_node()


def test_a_download_that_fails_is_told_with_its_reason_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    log = tmp_path / "install.log"
    pip = [sys.executable, "-m", "pip", "install", "--retries", "0", "evergreen-no-such-package==1"]
    with pytest.raises(LocalError) as caught:
        run_watched(pip, what="Python packages", steps="Collecting (.*)", count=1, log=log, cwd=tmp_path)
    said = str(caught.value)
    assert "Python packages could not be installed: Could not find a version" in said
    assert "HTTPS_PROXY" in said
    assert str(log) in said
    assert "evergreen-no-such-package" in log.read_text()
    assert "Python packages: failed" in capsys.readouterr().out


def test_progress_is_shown_while_a_slow_command_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says = program(tmp_path, "says", "Collecting a\nCollecting b\nCollecting c")
    run_watched([str(says)], what="Things", steps="Collecting (.*)", count=2, log=tmp_path / "log", cwd=tmp_path)
    first, second, last = capsys.readouterr().out.splitlines()
    assert (first, second) == ("Things ...", "Things: 1 of 2")
    assert last.startswith("Things: done after")


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_says_which_python_it_needs_when_there_is_none_that_will_do(tmp_path: Path) -> None:
    old = program(tmp_path, "python3", "Python 3.7 runs nothing of this", 1)
    (tmp_path / "requirements-dev.txt").touch()
    made = subprocess.run(
        ["make", "-s", "-f", str(REPOSITORY / "Makefile"), "python", f"PYTHON={old}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode != 0
    assert f"Evergreen needs Python 3.11 or newer; tried: {old}" in made.stderr
    assert "make up PYTHON=/path/to/python3" in made.stderr
