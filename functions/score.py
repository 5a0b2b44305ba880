"""`POST /models/{model}/score`."""

from __future__ import annotations

import azure.functions as func

from automl.scoring.service import MEDIA_TYPES
from functions import parts
from functions.http import answer, endpoint, routes
from functions.requests import body_of, media_type, model_of

blueprint = routes()


@blueprint.route("models/{model}/score", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
async def score(req: func.HttpRequest) -> func.HttpResponse:
    """Predictions for the rows of the body."""
    model = model_of(req)
    serving = await parts.serving()
    body = body_of(req, serving.core.settings.max_body_bytes)
    return answer(await serving.scoring.score(model, body, media_type(req, *MEDIA_TYPES)))
