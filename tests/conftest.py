"""Fixtures every test may ask for."""

import os

# OpenMP threads that spin while they wait starve each other on shared cores; read when the first library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from hypothesis import HealthCheck, settings

from tests.support.azurite import azurite_connection

__all__ = ["azurite_connection"]

# Hypothesis fails examples that take 200 ms, and tests whose data is slow to make; on a shared machine any may be.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
