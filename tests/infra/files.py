"""The Bicep files of this repository, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from infra.check import bicep
from infra.check.bicep import Block, Expression, File, Resource

REPOSITORY = Path(__file__).resolve().parents[2]
INFRA = REPOSITORY / "infra"


@cache
def files() -> Mapping[str, File]:
    """Every Bicep file by its path below infra/."""
    return {
        path.relative_to(INFRA).as_posix(): bicep.read(path, INFRA)
        for path in [INFRA / "main.bicep", *sorted((INFRA / "modules").glob("*.bicep"))]
    }


def resources(*types: str) -> list[Resource]:
    """What is declared of some types (of every type where none is named), without what merely refers."""
    declared = [each for file in files().values() for each in file.resources if not each.existing]
    return [each for each in declared if not types or each.type in types]


def names(value: Any) -> list[str]:
    """The keys of a variable that is an object."""
    assert isinstance(value, Block)
    return list(value.values)


def text(value: Any) -> str:
    """A value as it is written."""
    return value.text if isinstance(value, Expression) else str(value)
