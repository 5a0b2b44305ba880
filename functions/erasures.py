"""The erasure of a business key: asked for, and its receipts."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from automl import erasures, spec, values
from automl.errors import InvalidInput, Problem
from functions import parts
from functions.api_document.described import described
from functions.http import answer, endpoint, routes
from functions.requests import json_object, model_of, name_of

blueprint = routes()


@blueprint.route("models/{model}/erasures", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Erasure", status=202, headers=("location",), body="ErasureRequest")
def ask_erasure(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for the erasure of all that is stored of one business key; the training role carries it out."""
    core, model = parts.core(), model_of(req)
    key = _key(json_object(req, core.settings.max_body_bytes))
    spec.load(core.storage, model)
    receipt = erasures.ask(core.storage, core.clock, model, key, queue=core.settings.train_queue)
    location = f"/models/{model}/erasures/{receipt.id}"
    return answer(receipt.to_json(), status=202, headers={"location": location})


@blueprint.route("models/{model}/erasures", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Erasures")
def list_erasures(req: func.HttpRequest) -> dict[str, Any]:
    """The receipts of all erasures of a model, oldest first. None of them holds a key."""
    storage, model = parts.core().storage, model_of(req)
    spec.load(storage, model)
    return {"erasures": [receipt.to_json() for receipt in erasures.all_of(storage, model)]}


@blueprint.route("models/{model}/erasures/{erasure}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Erasure")
def get_erasure(req: func.HttpRequest) -> dict[str, Any]:
    """A receipt: how many rows were erased where, what is still to be done, and what cannot be."""
    identity = name_of(req.route_params["erasure"], "erasure")
    return erasures.find(parts.core().storage, model_of(req), identity).to_json()


def _key(body: dict[str, Any]) -> str:
    """The key in its canonical text. Raises InvalidInput."""
    try:
        key = values.category(body["key"]) if body.keys() == {"key"} else values.MISSING
    except ValueError:
        key = values.MISSING
    if key == values.MISSING:
        remedy = 'Send {"key": "…"} as the rows had it.'
        expected, got = "one business key, text or a number", "something else"  # it may be a key: not repeated
        raise InvalidInput.of([Problem(field="key", expected=expected, got=got, remedy=remedy)])
    return key
