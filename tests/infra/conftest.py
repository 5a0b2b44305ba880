"""A serving process over storage in memory, as the tests of functions use it."""

from tests.functions.conftest import adult, call, settings

__all__ = ["adult", "call", "settings"]
