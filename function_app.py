"""The FunctionApp: the functions of this process's role (`EVERGREEN_ROLE`: serve, train or all)."""

from __future__ import annotations

import os

import azure.functions as func

from automl.settings import Settings
from functions.rooms import rooms

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
for room in rooms(Settings.from_env(os.environ).role):
    app.register_functions(room.blueprint)
