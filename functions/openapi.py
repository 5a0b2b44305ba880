"""The API's own documents. They are asked for seldom, so a cold start does not load what makes them."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from functions import parts
from functions.api_document.described import described
from functions.http import endpoint, routes
from functions.requests import model_of

blueprint = routes()


@blueprint.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("document", "OpenAPI")
def openapi(req: func.HttpRequest) -> dict[str, Any]:
    """This API as OpenAPI 3.1."""
    from functions.api_document import components
    from functions.api_document.document import document
    from functions.api_document.registered import routes as registered

    return document(registered(parts.core().settings.role), components.schemas())


@blueprint.route("models/{model}/openapi.json", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("document", "OpenAPI")
def model_openapi(req: func.HttpRequest) -> dict[str, Any]:
    """The routes that score with a model as OpenAPI 3.1, in the columns and classes of its champion."""
    from functions.api_document import components
    from functions.api_document.model_document import model_document
    from functions.api_document.registered import routes as registered

    model = model_of(req)
    serving = parts.serving_now()
    session = serving.champions.get(model)
    settings = serving.core.settings
    own = registered(settings.role)
    is_default = serving.default_model.is_(model)
    return model_document(
        own, components.schemas(), session, text_chars=settings.max_text_chars, is_default=is_default
    )
