"""Lays a package out in a folder: the code, host.json and its own requirements.txt."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.package.parts import CODE, REPOSITORY, Package

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "py.typed")


def stage(package: Package, folder: Path, source: Path = REPOSITORY) -> Path:
    """Put a package into `folder`, replacing what was staged there before; the folder.

    Raises
    ------
    FileNotFoundError
        When a part is missing: this is not a complete checkout.
    """
    missing = [name for name in (*CODE, package.requirements) if not (source / name).exists()]
    if missing:
        raise FileNotFoundError(f"Expected {', '.join(missing)} in {source}. Is this a complete checkout?")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in CODE:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, ignore=_LEFT_OUT)
        else:
            shutil.copy2(source / name, folder / name)
    shutil.copyfile(source / package.requirements, folder / "requirements.txt")
    return folder
