"""What a run tells while it runs and when it ends; light, because the worker that listens stays light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    stage
        starting, loading, preparing, searching, exporting, checking or publishing.
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
    """The version a run published, and a sentence about it."""

    version: str
    message: str
