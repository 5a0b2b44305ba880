"""MLflow's scoring server: `/invocations` with the default model, `/ping`, `/health` and `/version`."""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus

import azure.functions as func

import automl
from automl.errors import NotFound
from automl.scoring import mlflow, response
from functions import parts
from functions.api_document.described import Answer, described
from functions.bodies import Body, UnsupportedMedia
from functions.health import readiness
from functions.http import PROBLEM, Failure, answer, details, endpoint, endpoint_with, routes
from functions.requests import JSON, MODEL_VERSION, SESSION_ID, TEXT, media_type, session_of, version_of

blueprint = routes()

_READERS = {JSON: mlflow.from_json, "text/csv": mlflow.from_csv}

_CODES = {
    HTTPStatus.NOT_FOUND: "RESOURCE_DOES_NOT_EXIST",
    HTTPStatus.SERVICE_UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
    HTTPStatus.INTERNAL_SERVER_ERROR: "INTERNAL_ERROR",
}
"""The `error_code` that MLflow's clients know, where it is not BAD_REQUEST."""

_PINGED = {
    200: Answer(content={TEXT: None}),
    503: Answer(content={TEXT: None}, about="It can do no work."),
}


def wording(failure: Failure) -> func.HttpResponse:
    """A problem as elsewhere, but with MLflow's code."""
    body = details(failure) | {"error_code": _CODES.get(failure.status, "BAD_REQUEST")}
    return answer(body, status=failure.status.value, headers=failure.headers, mimetype=PROBLEM)


@blueprint.route("invocations", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint_with(wording)
@described(
    "mlflow",
    "Scores",
    body={JSON: "InvocationsRequest", "text/csv": "CsvRows"},
    parameters=(MODEL_VERSION, SESSION_ID),
    refuses=(NotFound,),
    errors="mlflow",
    per_model=True,
)
async def invocations(req: func.HttpRequest) -> bytes:
    """Predictions of the default model for the rows of the body."""
    version = version_of(req)
    serving = await parts.serving()
    body = await Body.of(req, serving.core.settings.max_body_bytes).unpacked()
    read = partial(_READERS[_media_type(req)], body=body)
    model = serving.default_model.known()
    if model is None:
        model = await asyncio.to_thread(serving.default_model.get)
    return await serving.scoring.answer(
        model, read, response.to_json, size=len(body), version=version, named=session_of(req)
    )


@blueprint.route("ping", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@endpoint
@described("mlflow", others=_PINGED)
def ping(req: func.HttpRequest) -> func.HttpResponse:
    """An empty line, as 200 where this process can do its work and as 503 where it cannot."""
    return _ping()


@blueprint.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@endpoint
@described("mlflow", others=_PINGED)
def health(req: func.HttpRequest) -> func.HttpResponse:
    """The same as `GET /ping`."""
    return _ping()


@blueprint.route("version", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("mlflow", others={200: Answer(content={TEXT: None})})
def version(req: func.HttpRequest) -> func.HttpResponse:
    """The version of Evergreen, as plain text."""
    return func.HttpResponse(automl.__version__, mimetype=TEXT)


def _ping() -> func.HttpResponse:
    return answer(b"\n", status=readiness().status, mimetype=TEXT)


def _media_type(req: func.HttpRequest) -> str:
    """The content type; as for MLflow, no parameter but a charset: older clients named the form of the rows there."""
    name = media_type(req, *_READERS)
    others = [part.partition("=")[0].strip() for part in req.headers.get("content-type", "").split(";")[1:]]
    if unknown := [part for part in others if part.lower() not in ("charset", "")]:
        raise UnsupportedMedia(
            f"Expected no parameter of the content type but charset, got {unknown[0][:40]!r}. Name the form of the "
            'rows in the body, as in {"dataframe_split": {...}}.'
        )
    return name
