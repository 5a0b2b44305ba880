"""Each package has what its role needs, and its size is checked."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.package.__main__ import main
from infra.package.measure import BuildError, Size, check, pack
from infra.package.parts import MIB, ONE_APP, PACKAGES, REPOSITORY
from infra.package.stage import stage

HEAVY = {"flaml", "lightgbm", "onnx", "pandas", "pyarrow", "scikit-learn", "skl2onnx", "xgboost-cpu", "scipy"}


def pinned(name: str) -> dict[str, str]:
    """Each requirement of a locked file and its version (the last one where markers choose)."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_package_has_code_host_file_and_its_own_requirements(name: str, tmp_path: Path) -> None:
    folder = stage(PACKAGES[name], tmp_path / name)
    found = sorted(path.name for path in folder.iterdir())
    assert found == ["automl", "function_app.py", "functions", "host.json", "requirements.txt"]
    assert (folder / "requirements.txt").read_bytes() == (REPOSITORY / PACKAGES[name].requirements).read_bytes()
    assert not list(folder.rglob("__pycache__"))


def test_staging_twice_leaves_nothing_of_before(tmp_path: Path) -> None:
    stage(PACKAGES["serving"], tmp_path / "p")
    (tmp_path / "p" / "left.over").touch()
    stage(PACKAGES["serving"], tmp_path / "p")
    assert not (tmp_path / "p" / "left.over").exists()


def test_incomplete_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="complete checkout"):
        stage(PACKAGES["serving"], tmp_path / "p", source=tmp_path)


def test_serving_is_made_of_what_training_has_too() -> None:
    serving, full = pinned("requirements-serve.txt"), pinned("requirements.txt")
    assert serving.items() <= full.items()
    assert not HEAVY & serving.keys()
    assert full.keys() >= HEAVY


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-serve.txt", "requirements-dev.txt"])
def test_every_requirement_has_hashes_and_none_names_a_registry(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[\w.-]+==)", text)[1:]
    assert len(entries) > 20
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index-url" not in text


def test_wheels_are_locked_for_every_python_that_is_offered() -> None:
    # numpy and scipy have other versions from 3.12 on: the markers must let exactly one through
    text = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    assert re.search(r"^numpy==\S+ ; python_full_version < '3.12'", text, re.MULTILINE)
    assert re.search(r"^numpy==\S+ ; python_full_version >= '3.12'", text, re.MULTILINE)


def test_too_large_package_is_refused() -> None:
    package = PACKAGES["serving"]
    assert "59.0 MiB zipped" in check(package, Size(files=0, zipped=59 * MIB))
    with pytest.raises(BuildError, match="at most 60 MiB"):
        check(package, Size(files=0, zipped=61 * MIB))


def test_archive_holds_every_file(tmp_path: Path) -> None:
    folder = stage(PACKAGES["serving"], tmp_path / "p")
    size = pack(folder, tmp_path / "p.zip")
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert "automl/settings.py" in archive.namelist()
        assert "function_app.py" in archive.namelist()
    assert size.zipped == (tmp_path / "p.zip").stat().st_size < size.files


def test_with_one_app_both_services_are_the_same_package(tmp_path: Path) -> None:
    assert main(["--single-app", "--out", str(tmp_path)]) == 0
    assert ONE_APP.requirements == PACKAGES["training"].requirements
    staged = [(tmp_path / name / "requirements.txt").read_bytes() for name in ("serving", "training")]
    assert staged[0] == staged[1]


def test_hooks_run_without_anything_installed() -> None:
    """azd calls them with whatever Python the machine has: isolated, without site-packages."""
    code = "import sys; sys.path.insert(0, '.'); import infra.package.__main__, infra.azd.__main__"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=REPOSITORY, check=True)
