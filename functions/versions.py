"""The versions of a model, the files they are made of, and whether they come out the same again."""

from __future__ import annotations

from typing import Any

import azure.functions as func
import orjson

from automl import requests, spec
from automl.errors import Conflict
from automl.versions import MANIFEST
from functions import parts
from functions.api_document.described import Answer, described
from functions.http import answer, endpoint, routes
from functions.requests import BYTES, JSON, model_of, name_of, traceparent_of

blueprint = routes()


@blueprint.route("models/{model}/versions", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Versions")
def list_versions(req: func.HttpRequest) -> dict[str, Any]:
    """Versions of a model, newest first."""
    core, model = parts.core(), model_of(req)
    spec.load(core.storage, model)
    return {"versions": core.registry.versions(model)}


@blueprint.route("models/{model}/versions/{version}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Version")
def get_version(req: func.HttpRequest) -> dict[str, Any]:
    """What a version is: its manifest, signature and metrics."""
    registry, model, version = parts.core().registry, model_of(req), name_of(req.route_params["version"], "version")
    manifest = registry.manifest(model, version)
    signature = orjson.loads(registry.file(model, version, "signature.json"))
    metrics = orjson.loads(registry.file(model, version, "metrics.json"))
    return {"manifest": manifest, "signature": signature, "metrics": metrics}


@blueprint.route(
    "models/{model}/versions/{version}/files/{file}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION
)
@endpoint
@described("models", others={200: Answer(content={BYTES: None, JSON: "JsonFile"})})
def get_file(req: func.HttpRequest) -> func.HttpResponse:
    """One file of a version, as it was published; the manifest has the hash of each."""
    registry, model, version = parts.core().registry, model_of(req), name_of(req.route_params["version"], "version")
    name = req.route_params["file"]
    if name == MANIFEST:
        manifest = registry.manifest(model, version)
        return answer(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS))
    return answer(registry.file(model, version, name), mimetype=BYTES)


@blueprint.route("models/{model}/versions/{version}/reproduce", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Run", status=202, headers=("location",), parameters=("idempotency-key",), refuses=(Conflict,))
def reproduce(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a version to be fitted once more on its own rows and compared; with an `Idempotency-Key`, once."""
    core, model = parts.core(), model_of(req)
    spec.load(core.storage, model)
    run = requests.request_reproduction(
        core.registry,
        core.runs,
        model,
        name_of(req.route_params["version"], "version"),
        key=req.headers.get("idempotency-key"),
        traceparent=traceparent_of(req),
    )
    return answer(run.to_json(), status=202, headers={"location": f"/models/{model}/runs/{run.id}"})
