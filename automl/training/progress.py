"""What a run tells while it runs and when it ends; light, because the worker that listens stays light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    stage
        starting, loading, preparing, searching (or refitting), exporting, checking or publishing.
    percent
        Of the whole run, 0 to 100.
    best_loss
        FLAML's best validation loss so far; None before there is one.
    checkpoint
        While searching: the best configuration of each estimator so far, for an attempt that has to begin again.
    """

    stage: str
    percent: float
    message: str
    trials: int = 0
    best_loss: float | None = None
    checkpoint: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a run, and a sentence about it.

    Parameters
    ----------
    version
        The one that it published, or tried to reproduce.
    status
        `registered` for one that is to be registered.
    """

    version: str
    message: str
    status: Literal["registered", "reproduced", "differs"] = "registered"
