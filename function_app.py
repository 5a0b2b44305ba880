"""The FunctionApp: the functions of this process's role (`EVERGREEN_ROLE`: serve, train or all)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType

import azure.functions as func

from automl.settings import Role, Settings
from functions import health


def rooms(role: Role) -> Iterator[ModuleType]:
    """The modules whose functions a role has; only these are imported."""
    yield health
    if role in ("serve", "all"):
        from functions import data, models, runs, score, truth, versions, watch

        yield from (score, truth, models, versions, data, runs, watch)
    if role in ("train", "all"):
        from functions import monitor, train

        yield from (train, monitor)


app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
for room in rooms(Settings.from_env(os.environ).role):
    app.register_functions(room.blueprint)
