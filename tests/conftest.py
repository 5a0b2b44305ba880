"""Fixtures every test may ask for."""

from tests.support.azurite import azurite_connection

__all__ = ["azurite_connection"]
