"""How large a package becomes once its requirements are installed, as the remote build installs them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra.package.parts import MIB, Package

_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64")
"""Wheels that run on the image of Azure Functions (Debian 12, glibc 2.36, x86-64)."""


class BuildError(Exception):
    """The package cannot be built, or is too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Bytes of a built package, as files and as a zip."""

    files: int
    zipped: int


def build(folder: Path, archive: Path) -> Size:
    """Install a staged package's requirements for Linux beside its code, and zip the whole.

    The wheels are those for the Python that runs this, so run it with the Python of the app.

    Raises
    ------
    BuildError
        When a requirement has no wheel for Linux, or its hash is another.
    """
    target = folder / ".python_packages" / "lib" / "site-packages"
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:", "--target", str(target)]
    command += [part for platform in _PLATFORMS for part in ("--platform", platform)]
    command += ["--implementation", "cp", "--python-version", ".".join(map(str, sys.version_info[:2]))]
    done = subprocess.run(  # noqa: S603 - pip, with what is written above
        [*command, "-r", str(folder / "requirements.txt")], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildError(f"pip could not install the requirements of {folder.name}:\n{done.stderr.strip()}")
    return pack(folder, archive)


def pack(folder: Path, archive: Path) -> Size:
    """Zip a folder's files, in the order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for path in paths:
            made.write(path, path.relative_to(folder))
    return Size(files=sum(path.stat().st_size for path in paths), zipped=archive.stat().st_size)


def check(package: Package, size: Size) -> str:
    """A sentence about a package's size.

    Raises
    ------
    BuildError
        When it is larger than it may be.
    """
    limit = package.limit_mib * MIB
    text = f"{package.name}: {size.zipped / MIB:.1f} MiB zipped, {size.files / MIB:.0f} MiB unpacked"
    if size.zipped > limit:
        raise BuildError(
            f"{text}; expected at most {package.limit_mib} MiB zipped. Take the newest package out of "
            f"{package.requirements.replace('.txt', '.in')}, or raise the limit in infra/package/parts.py."
        )
    return f"{text} (at most {package.limit_mib})."
