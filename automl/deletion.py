"""A model removed with everything that is stored of it, in two steps, since who answers HTTP may not write versions.

The serving role is asked: it removes the spec, so that nothing new is taken for the model, and the champion pointer,
so that instances let go of it; then it queues a message. The training role waits until every instance has seen that
and removes the rest, so that nothing is logged behind the broom. A step that was broken off, or a message that was
lost, is made good by asking again, for as long as anything is left under the model's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import orjson

from automl.errors import Conflict, NotFound
from automl.runs import Runs
from automl.storage import CONTROL, LAKE, SERVED, Missing, Storage

SWEPT = (LAKE, *SERVED)
"""In this order: who asks cannot see the lake, so as long as anything is left in it, something must be elsewhere."""


def ask(storage: Storage, runs: Runs, model: str, *, queue: str) -> None:
    """Take a model out of service and ask for the removal of all that is stored of it.

    Raises
    ------
    NotFound
        Nothing is stored under this name.
    Conflict
        A run of the model has not ended: it would publish a version of a model that is gone.
    """
    if not any(True for _ in _blobs(storage, model, SERVED)):
        raise NotFound(f"There is no model '{model}', so nothing was removed. GET /models lists them.")
    if still := [run.id for run in runs.find(model) if run.is_open]:
        raise Conflict(f"Run {still[0]} of model '{model}' has not ended, so nothing was removed. Wait for its end.")
    for name in ("spec.json", "champion.json"):
        storage.delete(CONTROL, f"{model}/{name}")
    storage.send(queue, orjson.dumps({"kind": "delete", "model": model}).decode())


def sweep(storage: Storage, model: str, *, settle: Callable[[], None]) -> dict[str, int]:
    """Remove what is left of a model that was taken out of service; a model that is in service is left alone.

    Parameters
    ----------
    settle
        Returns once no process serves the model any more.

    Returns
    -------
    How many blobs were removed from each container.
    """
    removed = dict.fromkeys(SWEPT, 0)
    if _has_spec(storage, model):
        return removed
    settle()
    for container, name in list(_blobs(storage, model, SWEPT)):
        storage.delete(container, name)
        removed[container] += 1
    return removed


def check_is_free(storage: Storage, model: str) -> None:
    """Refuse to begin a model while the former one of its name is being removed. Raises Conflict."""
    if not _has_spec(storage, model) and any(True for _ in storage.find(CONTROL, f"{model}/")):
        text = f"The former model '{model}' is being removed. Try again in a moment, or remove it again."
        raise Conflict(text)


def _has_spec(storage: Storage, model: str) -> bool:
    try:
        storage.size(CONTROL, f"{model}/spec.json")
    except Missing:
        return False
    return True


def _blobs(storage: Storage, model: str, containers: Sequence[str]) -> Iterator[tuple[str, str]]:
    for container in containers:
        for info in storage.find(container, f"{model}/"):
            yield container, info.name
