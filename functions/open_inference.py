"""The Open Inference Protocol (V2) over REST, with its binary tensor extension."""

from __future__ import annotations

from functools import partial
from typing import Any

import azure.functions as func

import automl
from automl.errors import Unavailable
from automl.scoring.inference_protocol import metadata
from automl.scoring.inference_protocol.infer import Inference
from automl.scoring.inference_protocol.tensors import HEADER
from functions import parts
from functions.api_document.described import Answer, described
from functions.bodies import Body
from functions.headers import header
from functions.health import readiness
from functions.http import Failure, answer, endpoint_with, routes
from functions.requests import BYTES, JSON, MODEL_VERSION, SESSION_ID, media_type, model_of, session_of, version_of

blueprint = routes()

_BOTH = {JSON: "InferenceResponse", BYTES: None}

about = partial(described, "open-inference", errors="open-inference")
about_inference = partial(
    about,
    others={200: Answer(content=_BOTH, headers=(HEADER.lower(),))},
    body={JSON: "InferenceRequest", BYTES: None},
)


def wording(failure: Failure) -> func.HttpResponse:
    """An error as the protocol has it: kserve's client reads it from exactly `application/json`."""
    return answer({"error": failure.message}, status=failure.status.value, headers=failure.headers)


endpoint = endpoint_with(wording)


@blueprint.route("v2", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@about("ServerMetadata")
def v2_server(req: func.HttpRequest) -> dict[str, Any]:
    """Name, version and extensions of this server."""
    return {"name": "evergreen", "version": automl.__version__, "extensions": list(metadata.EXTENSIONS)}


@blueprint.route("v2/health/live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@endpoint
@about("ServerLive")
def v2_live(req: func.HttpRequest) -> dict[str, Any]:
    """This process answers."""
    return {"live": True}


@blueprint.route("v2/health/ready", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@endpoint
@about("ServerReady", others={503: Answer(content={JSON: "ServerReady"}, about="It can do no work.")})
def v2_ready(req: func.HttpRequest) -> func.HttpResponse:
    """Whether this process can do its work, else 503 with the reasons."""
    found = readiness()
    # The written protocol answers `live`, its clients read `ready`.
    body: dict[str, Any] = {"live": True, "ready": found.status == 200}
    if found.status != 200:
        body["error"] = " ".join(found.reasons)
    return answer(body, status=found.status)


@blueprint.route("v2/models/{model}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@about("ModelMetadata", per_model=True)
def v2_model(req: func.HttpRequest) -> dict[str, Any]:
    """The tensors that a model takes and gives, and its versions."""
    return _metadata(req)


@blueprint.route("v2/models/{model}/versions/{version}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@about("ModelMetadata")
def v2_version(req: func.HttpRequest) -> dict[str, Any]:
    """The tensors that one version of a model takes and gives."""
    return _metadata(req)


@blueprint.route("v2/models/{model}/ready", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@about("ModelReady", per_model=True)
def v2_model_ready(req: func.HttpRequest) -> dict[str, Any]:
    """Whether a model can answer, else 503 with the reason."""
    return _model_ready(req)


@blueprint.route("v2/models/{model}/versions/{version}/ready", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@about("ModelReady")
def v2_version_ready(req: func.HttpRequest) -> dict[str, Any]:
    """Whether one version of a model can answer, else 503 with the reason."""
    return _model_ready(req)


@blueprint.route("v2/models/{model}/infer", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@about_inference(parameters=(HEADER.lower(), MODEL_VERSION, SESSION_ID), per_model=True)
async def v2_infer(req: func.HttpRequest) -> func.HttpResponse:
    """Predictions for the rows in the tensors of the body."""
    return await _infer(req)


@blueprint.route("v2/models/{model}/versions/{version}/infer", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@about_inference(parameters=(HEADER.lower(),))
async def v2_version_infer(req: func.HttpRequest) -> func.HttpResponse:
    """Predictions of one version of a model for the rows in the tensors of the body."""
    return await _infer(req)


def _metadata(req: func.HttpRequest) -> dict[str, Any]:
    model, serving = model_of(req), parts.serving_now()
    session = serving.champions.get(model, version_of(req))
    return metadata.model(model, serving.core.registry.versions(model), session.signature)


def _model_ready(req: func.HttpRequest) -> dict[str, Any]:
    model = model_of(req)
    is_ready, reason = parts.serving_now().champions.readiness(model, version_of(req))
    if not is_ready:
        raise Unavailable(str(reason))
    return {"name": model, "ready": True}


async def _infer(req: func.HttpRequest) -> func.HttpResponse:
    model, version = model_of(req), version_of(req)
    serving = await parts.serving()
    body = await Body.of(req, serving.core.settings.max_body_bytes).unpacked()
    media_type(req, JSON, BYTES)
    inference = Inference(body, header(req, HEADER))
    response = await serving.scoring.answer(
        model, inference.read, inference.write, size=len(body), version=version, named=session_of(req)
    )
    if response.header_length is None:
        return answer(response.body)
    return answer(response.body, headers={HEADER: str(response.header_length)}, mimetype=BYTES)
