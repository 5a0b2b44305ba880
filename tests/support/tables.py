"""The public tables that some tests use; they live beside the repository and are no part of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_table(name: str) -> bytes:
    """The bytes of a table; skips the test where the folder of tables is missing."""
    path = shared_folder() / name
    if not path.is_file():
        pytest.skip(f"{path} is missing; set EVERGREEN_SHARED_DATA to the folder that holds it")
    return path.read_bytes()


def shared_folder() -> Path:
    """Where the tables are, if they are anywhere."""
    return Path(os.environ.get("EVERGREEN_SHARED_DATA") or ROOT.parent / "shared" / "data")
