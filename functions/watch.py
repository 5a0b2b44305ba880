"""What happened to a model, and what its monitor knows."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from automl import asked_passes, events, spec
from automl.errors import NotFound
from functions import parts
from functions.api_document.described import described
from functions.http import answer, endpoint, routes
from functions.requests import model_of, name_of

blueprint = routes()


@blueprint.route("models/{model}/events", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("monitoring", "Events")
def list_events(req: func.HttpRequest) -> dict[str, Any]:
    """Everything that happened to a model, oldest first."""
    storage, model = parts.core().storage, model_of(req)
    spec.load(storage, model)
    return {"events": [event.to_json() for event in events.history(storage, model)]}


@blueprint.route("models/{model}/monitor", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("monitoring", "Monitor")
def get_monitor(req: func.HttpRequest) -> dict[str, Any]:
    """What the monitor knows of a model."""
    from automl.monitoring import state

    storage, model = parts.core().storage, model_of(req)
    spec.load(storage, model)
    if state.load(storage, model).etag is None:
        raise NotFound(f"The monitor has not looked at model '{model}' yet. It does at its next tick.")
    return state.show(storage, model)


@blueprint.route("models/{model}/monitor", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("monitoring", "AskedPass", status=202, headers=("location",))
def ask_monitor(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a monitor pass now; the training role does it."""
    core, model = parts.core(), model_of(req)
    spec.load(core.storage, model)
    asked = asked_passes.ask(core.storage, core.clock, model, queue=core.settings.train_queue)
    location = f"/models/{model}/monitor/passes/{asked.id}"
    return answer(asked.to_json(), status=202, headers={"location": location})


@blueprint.route("models/{model}/monitor/passes/{asked}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@endpoint
@described("monitoring", "AskedPass")
def get_asked_pass(req: func.HttpRequest) -> dict[str, Any]:
    """What came of a monitor pass that was asked for; it is told for a day."""
    identity = name_of(req.route_params["asked"], "pass")
    return asked_passes.find(parts.core().storage, model_of(req), identity).to_json()
