"""Fixtures every test may ask for."""

import os

# OpenMP threads that spin while they wait starve each other on shared cores; read when the first library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tests.support.azurite import azurite_connection

__all__ = ["azurite_connection"]
