"""The app's own scoring functions, over storage in memory."""

from __future__ import annotations

import functools

import azure.functions as func

from automl import bootstrap
from functions import mlflow, open_inference, score
from tests.fuzz import world

serving, _ = world.parts()
bootstrap.process = functools.cache(lambda: serving.core)
bootstrap.serving = functools.cache(lambda: serving)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for each in (score, mlflow, open_inference):
    app.register_functions(each.blueprint)
