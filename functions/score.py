"""`POST /models/{model}/score`."""

from __future__ import annotations

from functools import partial

import azure.functions as func

from automl.scoring import response, rows
from functions import parts
from functions.api_document.described import described
from functions.bodies import Body
from functions.http import endpoint, routes
from functions.requests import JSON, MODEL_VERSION, SESSION_ID, media_type, model_of, session_of, version_of

blueprint = routes()

_READERS = {JSON: rows.from_json, "text/csv": rows.from_csv}


@blueprint.route("models/{model}/score", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described(
    "scoring",
    "Scores",
    body={JSON: "ScoreRequest", "text/csv": "CsvRows"},
    parameters=(MODEL_VERSION, SESSION_ID),
    per_model=True,
)
async def score(req: func.HttpRequest) -> bytes:
    """Predictions for the rows of the body."""
    model = model_of(req)
    serving = await parts.serving()
    body = await Body.of(req, serving.core.settings.max_body_bytes).unpacked()
    read = partial(_READERS[media_type(req, *_READERS)], body=body)
    version = version_of(req)
    return await serving.scoring.answer(
        model, read, response.to_json, size=len(body), version=version, named=session_of(req)
    )
