"""The rooms of a role: the modules whose functions a process registers."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from automl.settings import Role
from functions import health


def rooms(role: Role) -> Iterator[ModuleType]:
    """The modules whose functions a role has; only these are imported."""
    yield health
    if role in ("serve", "all"):
        from functions import (
            data,
            erasures,
            mlflow,
            models,
            open_inference,
            openapi,
            quarantine,
            runs,
            score,
            truth,
            versions,
            watch,
        )

        yield from (
            score,
            open_inference,
            mlflow,
            truth,
            models,
            versions,
            data,
            runs,
            watch,
            quarantine,
            erasures,
            openapi,
        )
    if role in ("train", "all"):
        from functions import monitor, train

        yield from (train, monitor)
