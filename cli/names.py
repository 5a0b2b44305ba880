"""A model's name made from the name of its table."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import Misuse

_VALID = re.compile(r"[a-z][a-z0-9-]{0,62}")

Model = Annotated[str, typer.Argument(help="Name of the model.")]


def checked(name: str) -> str:
    """The name itself. Raises Misuse when it cannot name a model."""
    if not _VALID.fullmatch(name):
        expected = "a small letter, then small letters, digits and hyphens, 63 at most"
        raise Misuse(f"Expected the name of a model ({expected}), got '{name}'.")
    return name


def model_name(path: Path) -> str:
    """The file's stem with everything a model's name may not hold made a hyphen. Raises Misuse when nothing is left.

    >>> model_name(Path("data/Bike Hour (2012).csv"))
    'bike-hour-2012'
    """
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).lstrip("-0123456789")[:63].strip("-")
    if not _VALID.fullmatch(name):
        raise Misuse(f"The name '{path.name}' makes no model name. Choose one with --name, such as --name sales.")
    return name
