"""Evergreen for notebooks: `from evergreen import Client`."""

from cli.client import Client
from cli.errors import CommandError

__all__ = ["Client", "CommandError"]
