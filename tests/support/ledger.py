"""What a state names beside itself, for tests to compare."""

from __future__ import annotations

from typing import Any

from automl.monitoring import state as states
from automl.monitoring.labels import LABELLED
from automl.monitoring.ledger import Ledger
from automl.monitoring.seen import PREDICTED, TOLD
from automl.storage import CONTROL, Storage
from tests.support.clock import FixedClock


def entries(storage: Storage, model: str) -> dict[tuple[str, str], list[Any]]:
    """The entries of every kind and hour that the state names, as they are stored."""
    state = states.load(storage, model)
    found = Ledger(storage, model, state, FixedClock()())
    return {
        (kind.name, hour): found.read(kind, hour).tolist()
        for kind in (LABELLED, PREDICTED, TOLD)
        for hour in state.parts.get(kind.name, {})
    }


def blobs(storage: Storage, model: str) -> set[str]:
    """Kind and hour of every blob there is, once for each."""
    names = [info.name for info in storage.find(CONTROL, f"{model}/monitor/")]
    places = ["/".join(name.split("/")[2:5]) for name in names]
    assert len(places) == len(set(places)), "an hour has two blobs"
    return set(places)
