"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import azure.functions as func

from automl import bootstrap
from automl.errors import EvergreenError, NotFound
from functions import parts
from functions.api_document.described import Answer, described
from functions.http import answer, endpoint, routes
from functions.requests import JSON

blueprint = routes()

_SHOWN = 20
"""How many versions and reasons readiness names: a probe comes every few seconds, and reads the status."""


@blueprint.route("health/live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@endpoint
@described("health", "Liveness")
def health_live(req: func.HttpRequest) -> dict[str, Any]:
    """This process answers."""
    return {"status": "live"}


@blueprint.route("health/ready", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@endpoint
@described("health", "Readiness", others={503: Answer(content={JSON: "Readiness"}, about="It can do no work.")})
def health_ready(req: func.HttpRequest) -> func.HttpResponse:
    """`ready`; `degraded` while it answers, but not as it should; or 503 `unavailable`, each with the reasons."""
    found = readiness()
    return answer({"status": found.word, "reasons": found.reasons, "versions": found.versions}, status=found.status)


Word = Literal["ready", "degraded", "unavailable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether this process can do its work.

    Parameters
    ----------
    reasons
        Why it is not `ready`, as many as a probe wants to read.
    versions
        The version that answers for each model in memory, no more of them.
    """

    word: Word
    reasons: list[str]
    versions: dict[str, str]

    @property
    def status(self) -> int:
        """The HTTP status that says it."""
        return 503 if self.word == "unavailable" else 200


def readiness() -> Readiness:
    """Whether this process can do its work, in whichever protocol that is asked. Blocks: storage is read."""
    reasons: list[str] = []
    versions: dict[str, str] = {}
    try:
        core = parts.core()
        models = core.registry.models()
        if core.settings.role != "train":
            _warm(core.settings.default_model, models)
    except EvergreenError as error:
        reasons.append(error.message)
    if bootstrap.serving.cache_info().currsize:
        serving = bootstrap.serving()
        versions = serving.champions.versions()
        degraded = serving.champions.troubles()
        if lost := serving.predictions.lost:
            degraded.append(f"{lost} predictions were answered and not logged since this process began.")
        if versions:
            return _found("degraded" if degraded or reasons else "ready", reasons + degraded, versions)
    return _found("unavailable" if reasons else "ready", reasons, versions)


def _warm(default: str, models: list[str]) -> None:
    """Load the model that will be asked for, if it is known which, so that its first score is not a slow one."""
    model = default or (models[0] if len(models) == 1 else None)
    serving = parts.serving_now()
    if model is not None and model in models:
        try:
            serving.champions.get(model)
        except NotFound:
            return  # no version of it yet: nothing to warm, and no fault


def _found(word: Word, reasons: list[str], versions: dict[str, str]) -> Readiness:
    shown = reasons[:_SHOWN] + [f"There are {len(reasons) - _SHOWN} more reasons."] * (len(reasons) > _SHOWN)
    return Readiness(word=word, reasons=shown, versions=dict(itertools.islice(versions.items(), _SHOWN)))
