"""Truth that is held back: seen, released, dropped."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from automl import quarantine, spec
from automl.errors import Conflict, InvalidInput, NotFound, Problem
from automl.truth import held
from functions import parts
from functions.api_document.described import described
from functions.http import endpoint, routes
from functions.requests import json_object, model_of, name_of

blueprint = routes()

_BECOMES: dict[str, Any] = {"release": "released", "drop": "dropped"}


@blueprint.route("models/{model}/quarantine", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("monitoring", "QuarantineList")
def list_quarantine(req: func.HttpRequest) -> dict[str, Any]:
    """Truths that were ever held back, oldest first, and what became of them."""
    storage, model = parts.core().storage, model_of(req)
    spec.load(storage, model)
    return {"quarantine": [entry.to_json() for entry in quarantine.load(storage, model).entries]}


@blueprint.route("models/{model}/quarantine/{entry}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("monitoring", "QuarantineEntry")
def get_quarantine(req: func.HttpRequest) -> dict[str, Any]:
    """Truths that are held back, and why: how many of each value, and the first as they came."""
    storage, model = parts.core().storage, model_of(req)
    name = name_of(req.route_params["entry"], "quarantine")
    entry = next((entry for entry in quarantine.load(storage, model).entries if entry.id == name), None)
    if entry is None:
        raise NotFound(f"Model '{model}' has no quarantine '{name}'. GET /models/{model}/quarantine lists them.")
    return {**entry.to_json(), **held.look(storage, model, entry)}


@blueprint.route("models/{model}/quarantine/{entry}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("monitoring", "QuarantineSettled", body="QuarantineOrder", refuses=(Conflict,))
def settle_quarantine(req: func.HttpRequest) -> dict[str, Any]:
    """Release truths that were held back, so that they count from the next pass on, or drop them for ever."""
    core, model = parts.core(), model_of(req)
    name = name_of(req.route_params["entry"], "quarantine")
    body = json_object(req, core.settings.max_body_bytes)
    wanted, reason = body.get("do"), body.get("reason", "Decided by hand.")
    status = _BECOMES.get(wanted) if isinstance(wanted, str) else None
    if status is None or not isinstance(reason, str) or body.keys() - {"do", "reason"}:
        remedy = 'Send {"do": "release"} or {"do": "drop"}, and a reason if you like.'
        got = repr(body)[:80]
        raise InvalidInput.of([Problem(field="do", expected="release or drop", got=got, remedy=remedy)])
    entry, event = quarantine.settle(core.storage, core.clock, model, name, status=status, reason=reason)
    return {"entry": entry.to_json(), "event": event.to_json()}
