"""Uploads in blocks."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from automl import spec, uploads
from automl.errors import Conflict, InvalidInput
from functions import parts
from functions.api_document.described import described
from functions.http import endpoint, routes
from functions.requests import BYTES, body_of, json_object, model_of

blueprint = routes()


@blueprint.route("models/{model}/data/{upload}/{number:int}", methods=["PUT"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("data", "BlockReceipt", body={BYTES: None}, parameters=("content-digest",))
def put_block(req: func.HttpRequest) -> dict[str, Any]:
    """Store one block of a table; with a `Content-Digest` (RFC 9530) only if it arrived whole."""
    core, model = parts.core(), model_of(req)
    upload, number = req.route_params["upload"], int(req.route_params["number"])
    data = body_of(req, core.settings.max_block_bytes)
    spec.load(core.storage, model)
    uploads.put_block(core.storage, model, upload, number, data, digest=req.headers.get("content-digest"))
    return {"upload": upload, "block": number, "size": len(data)}


@blueprint.route("models/{model}/data/{upload}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("data", "Progress", refuses=(InvalidInput,))
def get_upload(req: func.HttpRequest) -> dict[str, Any]:
    """How far an upload has come: the blocks that wait, or the whole table."""
    core, model = parts.core(), model_of(req)
    spec.load(core.storage, model)
    return uploads.progress(core.storage, model, req.route_params["upload"])


@blueprint.route("models/{model}/data/{upload}/commit", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("data", "Upload", body="CommitRequest", refuses=(Conflict,))
def commit_upload(req: func.HttpRequest) -> dict[str, Any]:
    """Make a table of the blocks."""
    core, model = parts.core(), model_of(req)
    order = json_object(req, core.settings.max_body_bytes)
    spec.load(core.storage, model)
    return uploads.commit(core.storage, core.clock, model, req.route_params["upload"], order).to_json()
