"""`POST /models/{model}/truth`."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from functions import parts
from functions.api_document.described import described
from functions.bodies import Body
from functions.http import endpoint, routes
from functions.requests import JSON, media_type, model_of

blueprint = routes()


@blueprint.route("models/{model}/truth", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("scoring", "Receipt", body="TruthRequest", per_model=True)
async def truth(req: func.HttpRequest) -> dict[str, Any]:
    """Ground truth for earlier predictions, each accepted or refused."""
    model = model_of(req)
    serving = await parts.serving()
    media_type(req, JSON)
    body = await Body.of(req, serving.core.settings.max_body_bytes).unpacked()
    return (await serving.intake.receive(model, body)).to_json()
