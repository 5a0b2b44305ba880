"""Asking for runs, and following them."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from automl import requests, spec
from automl.errors import InvalidInput, Problem
from functions import parts
from functions.api_document.described import described
from functions.http import answer, endpoint, routes
from functions.requests import json_object, model_of, name_of, traceparent_of

blueprint = routes()


@blueprint.route("models/{model}/train", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described(
    "runs",
    "Run",
    status=202,
    headers=("location",),
    body="TrainRequest",
    parameters=("idempotency-key",),
)
def train(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a run on an upload; with an `Idempotency-Key`, once."""
    core, model = parts.core(), model_of(req)
    body = json_object(req, core.settings.max_body_bytes)
    upload = body.get("upload")
    if not isinstance(upload, str) or body.keys() != {"upload"}:
        remedy = 'Send {"upload": name}, the name under which the table was committed.'
        got = repr(body)[:80]
        raise InvalidInput.of([Problem(field="body", expected="the name of an upload", got=got, remedy=remedy)])
    spec.load(core.storage, model)
    run = requests.request_run(
        core.storage,
        core.runs,
        core.clock,
        model,
        upload,
        key=req.headers.get("idempotency-key"),
        traceparent=traceparent_of(req),
    )
    return answer(run.to_json(), status=202, headers={"location": f"/models/{model}/runs/{run.id}"})


@blueprint.route("models/{model}/runs", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("runs", "Runs")
def list_runs(req: func.HttpRequest) -> dict[str, Any]:
    """The runs of a model, newest first."""
    core, model = parts.core(), model_of(req)
    spec.load(core.storage, model)
    return {"runs": [run.to_json() for run in core.runs.find(model)]}


@blueprint.route("models/{model}/runs/{run}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("runs", "Run")
def get_run(req: func.HttpRequest) -> dict[str, Any]:
    """The record of a run, as far as it has come."""
    return parts.core().runs.get(model_of(req), name_of(req.route_params["run"], "run")).to_json()
