"""Specs and the champion of a model, and its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from automl import deletion, redactable, spec
from automl.errors import Conflict, InvalidInput, Problem
from automl.events import Event
from automl.spec import Spec
from functions import parts
from functions.api_document.described import described
from functions.http import answer, endpoint, routes
from functions.requests import json_object, model_of, name_of

blueprint = routes()
ACTING = func.AuthLevel.FUNCTION
"""Each acting route is a function of its own, so it can have a key of its own."""


@blueprint.route("models", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Models")
def list_models(req: func.HttpRequest) -> dict[str, Any]:
    """Names of all models."""
    return {"models": parts.core().registry.models()}


@blueprint.route("models/{model}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Spec")
def get_model(req: func.HttpRequest) -> dict[str, Any]:
    """The spec of a model, defaults included."""
    return spec.load(parts.core().storage, model_of(req)).to_json()


@blueprint.route("models/{model}", methods=["PUT"], auth_level=ACTING)
@endpoint
@described("models", "Spec", body="SpecRequest", refuses=(Conflict,))
def put_model(req: func.HttpRequest) -> dict[str, Any]:
    """Store the spec of a model; `name` may be left out of the body."""
    core = parts.core()
    name = req.route_params["model"]
    body = json_object(req, core.settings.max_body_bytes)
    if (given := body.get("name", name)) != name:
        remedy = "Leave 'name' out or make it that of the route."
        raise InvalidInput.of([Problem(field="name", expected=f"'{name}'", got=repr(given)[:80], remedy=remedy)])
    wanted = Spec.from_json({"name": name, **body})
    deletion.check_is_free(core.storage, wanted.name)
    redactable.check(core.registry, wanted)
    spec.save(core.storage, wanted)
    return wanted.to_json()


@blueprint.route("models/{model}", methods=["DELETE"], auth_level=ACTING)
@endpoint
@described("models", "Removal", status=202, refuses=(Conflict,))
def delete_model(req: func.HttpRequest) -> func.HttpResponse:
    """Take a model out of service, unless a run is open; the training role removes all that is stored of it."""
    core, model = parts.core(), model_of(req)
    deletion.ask(core.storage, core.runs, model, queue=core.settings.train_queue)
    return answer({"model": model, "message": "The model is out of service and is being removed."}, status=202)


@blueprint.route("models/{model}/champion", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("models", "Champion", parameters=("at",), refuses=(InvalidInput,))
def champion(req: func.HttpRequest) -> dict[str, Any]:
    """The champion pointer, or with `?at=` the version that was champion then."""
    registry, model = parts.core().registry, model_of(req)
    if (at := req.params.get("at")) is None:
        return registry.pointer(model).to_json()
    return {"model": model, "at": at, "champion": registry.champion_at(model, _moment(at))}


@blueprint.route("models/{model}/promote", methods=["POST"], auth_level=ACTING)
@endpoint
@described("models", "Moved", body="PromoteRequest", body_required=False, refuses=(Conflict,))
def promote(req: func.HttpRequest) -> dict[str, Any]:
    """Make the challenger, or the version in the body, champion."""
    core, model = parts.core(), model_of(req)
    body = _fields(json_object(req, core.settings.max_body_bytes), "version", "reason")
    version = name_of(body["version"], "version") if "version" in body else None
    reason = body.get("reason") or f"Version {version or 'under comparison'} of model {model} was promoted by hand."
    return _moved(core.registry.promote(model, version, reason))


@blueprint.route("models/{model}/rollback", methods=["POST"], auth_level=ACTING)
@endpoint
@described("models", "Moved", body="RollbackRequest", body_required=False, refuses=(Conflict,))
def rollback(req: func.HttpRequest) -> dict[str, Any]:
    """Make the previous champion champion again."""
    core, model = parts.core(), model_of(req)
    body = _fields(json_object(req, core.settings.max_body_bytes), "reason")
    return _moved(core.registry.rollback(model, body.get("reason") or f"Model {model} was rolled back by hand."))


def _moved(event: Event) -> dict[str, Any]:
    return {**(event.pointer or {}), "event": event.to_json()}


def _fields(body: dict[str, Any], *names: str) -> dict[str, str]:
    problems = [
        Problem(field=name, expected="one of " + ", ".join(names), got="an unknown field", remedy="Leave it out.")
        for name in body
        if name not in names
    ]
    problems += [
        Problem(field=name, expected="text", got=repr(body[name])[:80], remedy="Send text or leave it out.")
        for name in names
        if not isinstance(body.get(name, ""), str)
    ]
    if problems:
        raise InvalidInput.of(problems)
    return body


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # an unescaped + in a query string arrives as a space
    except ValueError:
        remedy = "Send it like 2026-11-20T16:00:00Z."
        problem = Problem(field="at", expected="an ISO 8601 time", got=repr(text)[:80], remedy=remedy)
        raise InvalidInput.of([problem]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
