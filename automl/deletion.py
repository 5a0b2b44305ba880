"""A model removed with everything that is stored of it.

The spec goes first: from then on nothing new is taken for the model. The champion pointer goes second, and the caller
waits until every instance has seen that before the rest goes, so that nothing is logged behind the broom. A deletion
that was broken off is finished by the next, for as long as anything is left under the model's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from automl.errors import Conflict, NotFound
from automl.runs import Runs
from automl.storage import CONTAINERS, CONTROL, Storage

_FIRST = ("spec.json", "champion.json")


def delete(storage: Storage, runs: Runs, model: str, *, settle: Callable[[], None]) -> dict[str, int]:
    """Remove a model: spec, pointer, versions, tables, runs, events, logs, and what the monitor knows.

    Parameters
    ----------
    settle
        Returns once no process serves the model any more.

    Returns
    -------
    How many blobs were removed from each container.

    Raises
    ------
    NotFound
        Nothing is stored under this name.
    Conflict
        A run of the model has not ended: it would publish a version of a model that is gone.
    """
    if not any(True for _ in _blobs(storage, model)):
        raise NotFound(f"There is no model '{model}', so nothing was removed. GET /models lists them.")
    if still := [run.id for run in runs.find(model) if run.is_open]:
        raise Conflict(f"Run {still[0]} of model '{model}' has not ended, so nothing was removed. Wait for its end.")
    removed = dict.fromkeys(CONTAINERS, 0)
    there = {name for container, name in _blobs(storage, model) if container == CONTROL}
    for name in _FIRST:
        removed[CONTROL] += f"{model}/{name}" in there
        storage.delete(CONTROL, f"{model}/{name}")
    settle()
    for container, name in list(_blobs(storage, model)):
        storage.delete(container, name)
        removed[container] += 1
    return removed


def _blobs(storage: Storage, model: str) -> Iterator[tuple[str, str]]:
    for container in CONTAINERS:
        for info in storage.find(container, f"{model}/"):
            yield container, info.name
