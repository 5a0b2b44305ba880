"""Fixtures every test may ask for."""

import os
from pathlib import Path

import pytest

# OpenMP threads that spin while they wait starve each other on shared cores; read when the first library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from hypothesis import HealthCheck, settings

from tests.support.azurite import azurite_connection

__all__ = ["azurite_connection"]

# Hypothesis fails examples that take 200 ms, and tests whose data is slow to make; on a shared machine any may be.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

LONG = ("test_docs.py", "test_lake.py", "system", "clients", "test_loop.py", "local")
"""Files and folders of tests that start whole systems, longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: where files are shared out to several processes, none is left alone with it."""
    items.sort(key=lambda item: _rank(item.path))


def _rank(path: Path) -> int:
    return next((place for place, name in enumerate(LONG) if name in path.parts), len(LONG))
