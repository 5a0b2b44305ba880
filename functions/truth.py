"""`POST /models/{model}/truth`."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from automl.truth.intake import Intake
from functions import parts
from functions.http import endpoint, routes
from functions.requests import JSON, body_of, media_type, model_of

blueprint = routes()


@blueprint.route("models/{model}/truth", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
async def truth(req: func.HttpRequest) -> dict[str, Any]:
    """Ground truth for earlier predictions, each accepted or refused."""
    model = model_of(req)
    serving = await parts.serving()
    body = body_of(req, serving.core.settings.max_body_bytes)
    media_type(req, JSON)
    intake = Intake(
        champions=serving.champions,
        ids=serving.ids,
        log=serving.truth,
        settings=serving.core.settings,
        clock=serving.core.clock,
    )
    return (await intake.receive(model, body)).to_json()
