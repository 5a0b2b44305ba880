"""What happened to a model, and what its monitor knows."""

from __future__ import annotations

from typing import Any

import azure.functions as func
import orjson

from automl import events, spec
from automl.errors import NotFound
from functions import parts
from functions.api_document.described import described
from functions.http import answer, endpoint, routes
from functions.requests import model_of

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
@described("monitoring", "PassAskedFor", status=202, headers=("location",))
def ask_monitor(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a monitor pass now; the training role does it."""
    core, model = parts.core(), model_of(req)
    spec.load(core.storage, model)
    message = orjson.dumps({"kind": "monitor", "model": model}).decode()
    core.storage.send(core.settings.train_queue, message)
    return answer(
        {"model": model, "message": "A monitor pass was asked for."},
        status=202,
        headers={"location": f"/models/{model}/monitor"},
    )
